// An HTTP/1.1 connection: one socket inside one undici Client, which never opens another.

import type { Socket } from 'node:net';
import * as undici from 'undici';
import type { HttpConnection, Receiver, RequestOptions } from './connection.ts';
import { ReceiverTranslation } from './handler.ts';

/** undici's own keep-alive is off, so that the pool alone decides: no timeout that its 32-bit timers could reach, whatever the server hints. */
const neverMs = 2 ** 31 - 1;
const ignoresHints = -1e9;

/** Since undici 8 a Client takes handlers of the newer style only. */
const takesControllersOnly = 'Dispatcher1Wrapper' in undici;

/** Methods whose body undici expects; after any other with a body, it closes the connection (its `client-h1.js`, `writeH1`). */
const methodsWithBody = new Set(['PUT', 'POST', 'PATCH', 'QUERY', 'PROPFIND', 'PROPPATCH']);

/** Options of a request that undici knows and its types leave out. */
interface MoreOptions {
  readonly blocking?: unknown;
  readonly throwOnError?: unknown;
  readonly typeOfService?: unknown;
}

/** The limits of one response's head. */
export interface H1Limits {
  /** Bytes of the headers of a response at the most. */
  readonly maxHeaderSize: number;
}

/** One socket that speaks HTTP/1.1. */
export class H1Connection implements HttpConnection {
  readonly protocol = 'HTTP/1.1';
  readonly #socket: Socket;
  readonly #client: undici.Client;
  readonly #servername: string | undefined;
  readonly #closed: Promise<void>;
  #handedOver = false;
  #isClosing = false;
  #error: Error | undefined;
  #onLost: ((error: Error) => void) | undefined;
  #onRetired: (() => void) | undefined;
  #hintMs: number | undefined;
  #restsSince: number | undefined;
  #isQuiet = true;

  /** @param socket - connected, its TLS handshake done */
  constructor(socket: Socket, origin: URL, { maxHeaderSize }: H1Limits) {
    this.#socket = socket;
    // undici would close a connection over a request with another one.
    this.#servername = origin.protocol === 'https:' ? origin.hostname : undefined;
    this.#client = new undici.Client(origin, {
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: neverMs,
      keepAliveMaxTimeout: neverMs,
      keepAliveTimeoutThreshold: ignoresHints,
      maxHeaderSize,
      connect: (_options, callback) => this.#handOver(callback),
    });
    socket.on('error', (error) => {
      this.#error ??= error;
    });
    this.#closed = new Promise((resolve) => {
      socket.once('close', () => {
        resolve();
        this.#end();
      });
    });
    // A Client sees nothing before its first request: until then the death of the socket, and bytes that nobody asked for, are seen here.
    socket.on('readable', this.#readUnasked);
    socket.on('end', this.#endUnasked);
    socket.unref();
  }

  get capacity(): number {
    return this.#socket.destroyed ? 0 : 1;
  }

  get isQuiet(): boolean {
    return this.#isQuiet;
  }

  send(options: RequestOptions, receiver: Receiver): void {
    this.#isQuiet = false;
    const { path, method, body, headers, query, idempotent, upgrade, reset, expectContinue } = options;
    const { blocking, throwOnError, typeOfService } = options as typeof options & MoreOptions;
    const request = {
      path,
      method,
      body,
      headers,
      query,
      idempotent,
      upgrade,
      reset,
      expectContinue,
      blocking,
      throwOnError,
      typeOfService,
      servername: this.#servername,
      headersTimeout: 0,
      bodyTimeout: 0,
    } as unknown as RequestOptions;
    const handler = takesControllersOnly ? new ReceiverTranslation(receiver) : receiver;
    this.#client.dispatch(request, handler as unknown as undici.Dispatcher.DispatchHandler);
  }

  /** Does undici close the connection after this request, whatever the server says? */
  closesAfter({ method, body, reset, upgrade }: RequestOptions): boolean {
    if (reset !== undefined && reset !== null) return reset;
    if (method === 'GET' && (body === undefined || body === null)) return false;
    if (method === 'HEAD' || method === 'CONNECT' || upgrade) return true;
    return body !== undefined && body !== null && body !== '' && !methodsWithBody.has(method);
  }

  /**
   * A response has ended.
   *
   * @param hintMs - how long the server said that it keeps the connection when idle
   */
  rests(now: number, hintMs: number | undefined): void {
    this.#isQuiet = true;
    this.#restsSince = now;
    this.#hintMs = hintMs;
  }

  /** A request was refused before anything of it was written. */
  spared(): void {
    this.#isQuiet = true;
  }

  /** How long it has been idle; nothing before its first response. */
  idleMs(now: number): number | undefined {
    return this.#restsSince === undefined ? undefined : now - this.#restsSince;
  }

  /** How long the server said that it keeps the connection when idle, in milliseconds. */
  get hintMs(): number | undefined {
    return this.#hintMs;
  }

  onLost(lost: (error: Error) => void): void {
    this.#onLost = lost;
    if (this.#socket.destroyed) this.#end();
  }

  onRetired(retired: () => void): void {
    this.#onRetired = retired;
  }

  close(): Promise<void> {
    this.#isClosing = true;
    // With undici's own word: it ends an upload that the server did not wait for, and its source, without an error.
    this.#socket.destroy(new undici.errors.InformationalError('reset'));
    // The Client has no other connection, and is never asked again.
    void this.#client.destroy().catch(() => undefined);
    return this.#closed;
  }

  /** Gives the Client its socket, later than at once, which would hang its request; a second one it never gets. */
  #handOver(callback: undici.buildConnector.Callback): void {
    queueMicrotask(() => {
      if (this.#handedOver || this.#socket.destroyed) {
        // Never the socket's own: upon some codes, UND_ERR_SOCKET among them, the Client would fail nothing and ask again, for ever.
        callback(new Error('the connection is closed', { cause: this.#error }), null);
        return;
      }
      this.#handedOver = true;
      this.#socket.off('readable', this.#readUnasked);
      this.#socket.off('end', this.#endUnasked);
      this.#socket.ref();
      callback(null, this.#socket as never);
    });
  }

  readonly #readUnasked = (): void => {
    if (this.#socket.read() === null) return;
    this.#socket.destroy(new Error('the server sent something before it was asked'));
  };

  readonly #endUnasked = (): void => {
    this.#socket.destroy();
  };

  #end(): void {
    if (this.#isClosing) return;
    // undici's own way of closing after a response that said so: nothing has gone wrong.
    if ((this.#error as { code?: unknown } | undefined)?.code === 'UND_ERR_INFO') this.#onRetired?.();
    const lost = this.#onLost;
    this.#onLost = undefined;
    lost?.(this.#error ?? new Error('the server closed the connection'));
  }
}
