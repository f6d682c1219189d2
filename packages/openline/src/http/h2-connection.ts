// An HTTP/2 connection: the requests of many callers over one session, and what becomes of them when it retires or dies.

import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type ClientSessionRequestOptions,
  constants,
  type OutgoingHttpHeaders,
  type Settings,
} from 'node:http2';
import type { Socket } from 'node:net';
import type { Clock } from '../core/index.ts';
import type { HttpConnection, Receiver, RequestOptions } from './connection.ts';
import {
  connectionLost,
  connectionSpent,
  goingAway,
  notBegun,
  notTaken,
  streamEnded,
} from './h2-failures.ts';
import type { Target } from './h2-head.ts';
import { type Carrier, H2Request } from './h2-request.ts';
import { beginSession, settled } from './h2-session.ts';

const { NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM } = constants;

/** Stream ids are odd and never used again; above this one no request is begun (RFC 9113, 5.1.1). */
const lastStreamId = 2 ** 31 - 1;

/** How an HTTP/2 connection is opened and bounded. */
export interface H2Options {
  /** Gives the opening up; its reason is what the promise rejects with. Without effect afterwards. */
  readonly signal?: AbortSignal | undefined;
  /** The most requests at once, where the server allows more. Default 1000, a whole number from 1. */
  readonly maxConcurrentStreams?: number | undefined;
  /** The most that the header fields of one response may have together, in bytes. Default 65,536. */
  readonly maxHeaderSize?: number | undefined;
}

/**
 * Begins HTTP/2 on a socket that is connected, whose server speaks it: it was agreed on by ALPN, or is known.
 *
 * @param origin - scheme, host and port: where requests go that name no host of their own
 * @returns the connection, once the server has said how many requests it takes at once
 * @throws the signal's reason; undici's SocketError if the server does not speak HTTP/2 or closes. The socket is closed then.
 */
export async function openH2(socket: Socket, origin: string, options: H2Options = {}): Promise<H2Connection> {
  const { maxConcurrentStreams = 1000, maxHeaderSize = 65_536, signal } = options;
  const url = new URL(origin);
  try {
    signal?.throwIfAborted();
    if (socket.destroyed) throw new Error('the socket is closed');
    const session = beginSession(socket, url.origin, maxHeaderSize);
    const connection = new H2Connection(socket, session, url, maxConcurrentStreams, maxHeaderSize);
    await settled(session, signal);
    if (connection.isQuiet) session.unref();
    return connection;
  } catch (error) {
    socket.destroy();
    throw signal?.aborted ? signal.reason : notBegun(url.origin, error as Error);
  }
}

/**
 * With every field that Node adds to its copy of them: a copy that grows gets a new hidden class for each request (V8 of Node 20), which costs a
 * fifth of all that a request does.
 */
function requestOptions(endStream: boolean): ClientSessionRequestOptions {
  return { endStream, weight: undefined, parent: undefined, exclusive: undefined } as object;
}

/** A peer that is there answers a ping at once, whatever its requests wait for. */
const pingAnswerMs = 2_000;

/** One HTTP/2 connection. Made by {@link openH2}. */
export class H2Connection implements HttpConnection, Carrier {
  readonly protocol = 'HTTP/2';
  readonly maxHeaderSize: number;
  readonly #socket: Socket;
  readonly #session: ClientHttp2Session;
  readonly #origin: string;
  readonly #maxStreams: number;
  readonly #underWay = new Set<H2Request>();
  #target: Target;
  /** What RFC 9113, 6.5.2, recommends servers to allow at the least; their own word follows. */
  #peerMaxStreams = 100;
  #ping: Promise<void> | undefined;
  #isDoubted = false;
  /** Why it takes no further requests; those under way go on. */
  #retirement: Error | undefined;
  #death: Error | undefined;
  #isClosing = false;
  #lost: ((error: Error) => void) | undefined;
  #retired: (() => void) | undefined;

  constructor(
    socket: Socket,
    session: ClientHttp2Session,
    origin: URL,
    maxConcurrentStreams: number,
    maxHeaderSize: number,
  ) {
    this.maxHeaderSize = maxHeaderSize;
    this.#socket = socket;
    this.#session = session;
    this.#origin = origin.origin;
    this.#maxStreams = maxConcurrentStreams;
    this.#target = { scheme: origin.protocol.slice(0, -1), authority: origin.host, takesProtocols: false };
    // Before the session's own listeners: when those have run, the streams can tell no more what was sent and what had come.
    socket.prependListener('error', (error: Error) => this.#die(error));
    socket.prependListener('close', () => this.#die(undefined));
    session.on('remoteSettings', (settings) => this.#onSettings(settings));
    session.on('goaway', (code, lastId) => this.#onGoaway(code, lastId));
    session.on('frameError', () => setImmediate(() => this.#lookWhetherClosed()));
    session.on('error', (error) => this.#die(error));
    session.on('close', () => this.#die(undefined));
  }

  get capacity(): number {
    return this.refusal === undefined ? Math.min(this.#peerMaxStreams, this.#maxStreams) : 0;
  }

  get isQuiet(): boolean {
    return this.#underWay.size === 0;
  }

  send(request: RequestOptions, receiver: Receiver): void {
    new H2Request(this, receiver).send(request);
  }

  onLost(lost: (error: Error) => void): void {
    this.#lost = lost;
    const death = this.#death;
    if (death !== undefined && !this.#isClosing) queueMicrotask(() => lost(death));
  }

  onRetired(retired: () => void): void {
    this.#retired = retired;
    if (this.#retirement !== undefined) queueMicrotask(retired);
  }

  /** Resolves when the peer has answered a ping, which proves that it is there. Waits for ever: the caller sets the limit. Rejects when the connection is dead or retired. */
  ping(): Promise<void> {
    if (this.refusal !== undefined) return Promise.reject(this.refusal);
    this.#ping ??= new Promise<void>((resolve, reject) => {
      this.#session.ref();
      const isSent = this.#session.ping((error) => {
        this.#ping = undefined;
        this.#rest();
        if (error === null) resolve();
        else reject(this.refusal ?? error);
      });
      if (!isSent) reject(connectionSpent(this.#origin));
    });
    return this.#ping;
  }

  /**
   * A request on it met with silence, which may be the connection's own: the peer is asked whether it is there, and the connection is lost if
   * there is no answer. All later requests would else be sent into the same silence.
   */
  doubt(clock: Clock): void {
    if (this.#isDoubted || this.refusal !== undefined) return;
    this.#isDoubted = true;
    const timer = clock.setTimer(() => {
      this.#die(new Error(`the peer did not answer a ping within ${pingAnswerMs} ms`));
      this.#session.destroy();
    }, pingAnswerMs);
    const end = (): void => {
      this.#isDoubted = false;
      timer.cancel();
    };
    this.ping().then(end, end);
  }

  close(): Promise<void> {
    this.#isClosing = true;
    this.#die(undefined);
    this.#session.destroy();
    this.#socket.destroy();
    if (this.#socket.closed) return Promise.resolve();
    return new Promise((resolve) => this.#socket.once('close', () => resolve()));
  }

  get target(): Target {
    return this.#target;
  }

  get refusal(): Error | undefined {
    const refusal = this.#death ?? this.#retirement;
    return refusal === undefined && this.#session.closed ? connectionSpent(this.#origin) : refusal;
  }

  open(request: H2Request, headers: OutgoingHttpHeaders, endStream: boolean): ClientHttp2Stream {
    const stream = this.#request(headers, endStream);
    if (this.#underWay.size === 0) this.#session.ref();
    this.#underWay.add(request);
    // Without an id there was none left.
    if (stream.id === undefined || stream.id >= lastStreamId) this.#retire(connectionSpent(this.#origin));
    return stream;
  }

  #request(headers: OutgoingHttpHeaders, endStream: boolean): ClientHttp2Stream {
    try {
      return this.#session.request(headers, requestOptions(endStream));
    } catch (error) {
      throw notTaken(error as Error);
    }
  }

  broke(request: H2Request, cause: Error | undefined): void {
    if (this.#session.destroyed) {
      this.#die(cause);
      return;
    }
    const { id, resetCode, hasBegun } = request;
    const isUnprocessed = id === undefined || (resetCode === NGHTTP2_REFUSED_STREAM && !hasBegun);
    const error =
      id === undefined
        ? connectionSpent(this.#origin, cause)
        : streamEnded(resetCode, hasBegun, this.maxHeaderSize, cause);
    request.fail(error, isUnprocessed);
    setImmediate(() => this.#lookWhetherClosed());
  }

  ended(request: H2Request): void {
    if (this.#underWay.delete(request)) this.#rest();
  }

  /** An idle connection keeps no process alive. */
  #rest(): void {
    if (this.#underWay.size === 0 && this.#ping === undefined) this.#session.unref();
  }

  #onSettings({ maxConcurrentStreams = Infinity, enableConnectProtocol = false }: Settings): void {
    this.#peerMaxStreams = maxConcurrentStreams;
    this.#target = { ...this.#target, takesProtocols: enableConnectProtocol };
  }

  /** It may come twice: first with the highest id there is, so that what is on its way still counts, then with the true one. */
  #onGoaway(code: number, lastId: number): void {
    const error = goingAway(this.#origin, code);
    this.#retire(error);
    for (const request of [...this.#underWay]) {
      // Those that still wait for their turn are not sent any more.
      if (request.id === undefined || request.id > lastId || request.isUnsent) request.fail(error, true);
    }
    // Node destroys the session next.
    if (code !== NGHTTP2_NO_ERROR) this.#die(error);
  }

  /** Node closes a session when a frame cannot be sent, without a word but to the stream; what is under way goes on. */
  #lookWhetherClosed(): void {
    if (this.#session.closed) this.#retire(connectionSpent(this.#origin));
  }

  #retire(why: Error): void {
    if (this.#death !== undefined || this.#retirement !== undefined) return;
    this.#retirement = why;
    this.#retired?.();
  }

  #die(cause: Error | undefined): void {
    if (this.#death !== undefined) return;
    const error = connectionLost(this.#origin, this.#underWay.size, cause);
    this.#death = error;
    for (const request of [...this.#underWay]) request.lose(error, request.isUnsent);
    // A peer that reads nothing more would keep the socket half closed.
    setImmediate(() => this.#socket.destroy());
    if (!this.#isClosing) this.#lost?.(error);
  }
}
