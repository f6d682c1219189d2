// How requests fail over HTTP/2, in undici's own errors: what happened to the stream, or to the whole connection.

import { constants } from 'node:http2';
import { errors } from 'undici';

const { NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM } = constants;

/** The error codes by their numbers (RFC 9113, 7). */
const codeNames = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
];

function nameOf(code: number): string {
  return codeNames[code] ?? `error code ${code}`;
}

/** The connection could not be begun. */
export function notBegun(origin: string, cause: Error): Error {
  return failure(`The server of ${origin} did not begin HTTP/2: ${cause.message}`, cause);
}

/** The connection is gone, and with it the requests that were under way. */
export function connectionLost(origin: string, underWay: number, cause: Error | undefined): Error {
  const because = cause === undefined ? '' : `: ${cause.message}`;
  return failure(`The HTTP/2 connection to ${origin} closed while ${requests(underWay)}${because}`, cause);
}

/** The server takes no more requests on this connection (RFC 9113, 6.8). */
export function goingAway(origin: string, code: number): Error {
  const why = code === NGHTTP2_NO_ERROR ? '' : ` (${nameOf(code)})`;
  return failure(
    `${origin} takes no further requests on this HTTP/2 connection${why}, and has not begun to work on this one`,
  );
}

/** Node refuses the head of a request. */
export function notTaken(cause: Error): Error {
  const error = new errors.InvalidArgumentError(cause.message);
  error.cause = cause;
  return error;
}

/** Streams have run out, or Node has given the session up: it carries what it has to its end. */
export function connectionSpent(origin: string, cause?: Error): Error {
  return failure(`The HTTP/2 connection to ${origin} can carry no further requests`, cause);
}

/** One stream has ended before its response did. */
export function streamEnded(
  code: number,
  hasBegun: boolean,
  maxHeaderSize: number,
  cause: Error | undefined,
): Error {
  const when = hasBegun ? 'before the response was complete' : 'before a response came';
  if (code === NGHTTP2_NO_ERROR) return failure(`The server ended the HTTP/2 stream ${when}`, cause);
  if (code === NGHTTP2_REFUSED_STREAM && !hasBegun)
    return failure('The server refused the HTTP/2 stream, and has not begun to work on the request', cause);
  // Node resets a stream with the same code when its headers grow too large, and tells nothing more.
  const or =
    code === NGHTTP2_ENHANCE_YOUR_CALM
      ? `: the server limits its clients, or its headers exceed the ${maxHeaderSize} bytes of maxHeaderSize`
      : '';
  return failure(`The HTTP/2 stream was reset with ${nameOf(code)} ${when}${or}`, cause);
}

function requests(count: number): string {
  if (count === 0) return 'no request was under way';
  return count === 1 ? 'a request was under way' : `${count} requests were under way`;
}

function failure(message: string, cause?: Error): Error {
  const error = new errors.SocketError(message);
  error.socket = null;
  if (cause !== undefined) error.cause = cause;
  return error;
}
