// What the pool knows of an open connection to an HTTP server, whichever version it speaks.

import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';

/** A request as undici's dispatchers are given it. */
export type RequestOptions = Dispatcher.DispatchOptions;

/** Told what becomes of one request on one connection. Headers and trailers are pairs of name and value, in latin1, as they came. */
export interface Receiver {
  /** Nothing has been written yet; the request begins to be once this returns, unless `abort` was called, which ends it at any time. */
  onConnect(abort: (reason: Error) => void): void;
  /** A piece of the body was handed to the socket. */
  onBodySent(chunk: Uint8Array): void;
  /** The whole request was handed to the socket. It proves nothing about the peer. */
  onRequestSent(): void;
  /** The first byte of a response came. */
  onResponseStarted(): void;
  /** The head of a response, an informational one (below 200) too. `false` pauses the body until `resume`. */
  onHeaders(status: number, headers: Buffer[], resume: () => void, message: string): boolean;
  /** A piece of the body. `false` pauses it until `resume`. */
  onData(chunk: Buffer): boolean;
  /** The response has ended; the connection may carry the next request as soon as this returns. */
  onComplete(trailers: Buffer[]): void;
  /** An upgrade or a tunnel: the socket (over HTTP/2 the stream) is the user's from here on. */
  onUpgrade(status: number, headers: Buffer[], socket: Duplex): void;
  /**
   * The request has failed: the last call.
   *
   * @param isUnprocessed - the peer says that it has not begun to work on it (RFC 9113, 8.7): it can be sent again, whatever its method
   */
  onError(error: Error, isUnprocessed?: boolean): void;
}

/** One open connection. */
export interface HttpConnection {
  readonly protocol: 'HTTP/1.1' | 'HTTP/2';
  /** Requests that it carries at once; 0 once it takes no more. */
  readonly capacity: number;
  /** No request is under way on it. */
  readonly isQuiet: boolean;
  /** Sends a request and tells `receiver` what becomes of it. Never throws: `onError` hears of a request that makes no sense, too. */
  send(request: RequestOptions, receiver: Receiver): void;
  /** Calls `lost` once, when the connection has died of itself or was closed by the peer. */
  onLost(lost: (error: Error) => void): void;
  /** Calls `retired` once, when the peer takes no new requests, but finishes those under way (HTTP/2's GOAWAY). */
  onRetired(retired: () => void): void;
  /** Closes the socket at once; resolves when it is closed. */
  close(): Promise<void>;
}
