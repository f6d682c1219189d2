// One session of node:http2 without a pool: the floor. It reconnects to nothing, and waits without a deadline.

import { connect } from 'node:http2';
import type { HttpAccess, HttpClient } from './http-client.ts';
import { textOf } from './text-of.ts';

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
