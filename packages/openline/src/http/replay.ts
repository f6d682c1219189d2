// Which requests may be sent a second time.

import type { RequestOptions } from './connection.ts';

/** Methods that may be sent twice to the same effect as once (RFC 9110, 9.2.2). */
const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** May the server get it twice? As the caller says, else by its method. */
export function isIdempotent(options: RequestOptions): boolean {
  return options.idempotent ?? idempotent.has(options.method);
}

/** Can its body be sent a second time? A stream or an iterator has been read by then. */
export function isReplayable(body: unknown): boolean {
  return (
    body === undefined ||
    body === null ||
    typeof body === 'string' ||
    ArrayBuffer.isView(body) ||
    body instanceof ArrayBuffer
  );
}
