// One session of node:http2 without a pool: the floor. It reconnects to nothing, and waits without a deadline.

import { type ClientHttp2Stream, connect } from 'node:http2';
import type { HttpAccess, HttpClient } from './http-client.ts';

export function create({ origin, ca }: HttpAccess): HttpClient {
  const session = connect(origin, { ca });
  // Its streams fail with it, and their callers hear of it.
  session.on('error', () => undefined);
  return {
    get: (path) => textOf(session.request({ ':path': path })),
    post(path, body) {
      const stream = session.request({
        ':method': 'POST',
        ':path': path,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      });
      stream.end(body);
      return textOf(stream);
    },
    close: () => new Promise((resolve) => session.close(resolve)),
  };
}

function textOf(stream: ClientHttp2Stream): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      text += chunk;
    });
    stream.on('end', () => resolve(text));
    stream.on('error', reject);
  });
}
