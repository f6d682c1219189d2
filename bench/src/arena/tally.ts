// What the HTTP servers saw since they were last asked.

import { get } from 'node:http';

export const TALLY = '/tally';

export interface Tally {
  readonly requests: number;
  /** Connections that requests came on. */
  readonly connections: number;
  readonly protocols: readonly string[];
}

/** @param origin - of the server without TLS; the question goes on a connection of its own, and is not counted */
export function takeTally(origin: string): Promise<Tally> {
  return new Promise((resolve, reject) => {
    const request = get(`${origin}${TALLY}`, { agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(JSON.parse(text)));
      response.on('error', reject);
    });
    request.on('error', reject);
  });
}
