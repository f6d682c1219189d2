// The text of an answer, read in the cheapest way that node offers.

import type { Readable } from 'node:stream';

/** Reads a response of node:http or a stream of node:http2 to its end. */
export function textOf(response: Readable): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      text += chunk;
    });
    response.on('end', () => resolve(text));
    response.on('error', reject);
  });
}
