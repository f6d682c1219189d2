// One request on its way: the wait for a connection, its sending and its answer, in time, again where that is safe, and the lease given back.

import type { Duplex } from 'node:stream';
import type { Lease, Taker, Waiting } from '../core/index.ts';
import { framesThroughFetch, momentFor, remainingMs } from '../core/index.ts';
import type { HttpConnection, Receiver, RequestOptions } from './connection.ts';
import type { Due } from './due-times.ts';
import {
  BodyIdleTimeoutError,
  BodyTimeoutError,
  continueSent,
  HeadersTimeoutError,
  type HttpTimeoutError,
  type TimeoutFacts,
  TotalTimeoutError,
} from './errors.ts';
import type { ExchangeCounters, ExchangeHost } from './exchange-host.ts';
import { H1Connection } from './h1-connection.ts';
import { H2Connection } from './h2-connection.ts';
import type { CallbackHandler } from './handler.ts';
import type { ResolvedLimits } from './options.ts';
import { isIdempotent, isReplayable } from './replay.ts';
import type { HeadFacts } from './response-head.ts';
import { distrustsFromMs } from './reuse.ts';

const phasesInWords = {
  queued: 'in the queue',
  sending: 'about to be sent',
  headers: 'without a response',
  body: 'in mid-body',
  paused: 'the reader having paused in mid-body',
  done: 'done',
} as const;

type Phase = keyof typeof phasesInWords;

/** A request that nothing was written of is sent again; where that comes to nothing so often, something else is wrong. */
const mostResends = 10;

const deaf: CallbackHandler = {};

/** One request. */
export class Exchange implements Receiver, Taker<HttpConnection>, Due {
  readonly #host: ExchangeHost;
  readonly #options: RequestOptions;
  readonly #limits: ResolvedLimits;
  // biome-ignore lint/complexity/noBannedTypes: any function at all may stand in a stack.
  readonly #below: Function;
  #handler: CallbackHandler;
  #phase: Phase = 'queued';
  readonly #startedAt: number;
  readonly #totalMs: number;
  readonly #totalAt: number;
  #headersAt = Number.POSITIVE_INFINITY;
  #grantedAt: number | undefined;
  dueAt: number;
  previousDue: Due | undefined;
  nextDue: Due | undefined;
  #waiting: Waiting | undefined;
  #lease: Lease<HttpConnection> | undefined;
  /** Ends what is under way on the connection. */
  #abortSending: ((reason: Error) => void) | undefined;
  /** Resumes a body that is paused. */
  #resumeBody: (() => void) | undefined;
  #reason: unknown;
  #isWritten = false;
  #isSent = false;
  #isAnswered = false;
  #resends = 0;
  #wasUnanswered = false;
  /** From which idleness on a connection is not trusted with it again. */
  #distrustsFromMs = Number.POSITIVE_INFINITY;
  /** How long the connection had been idle before. */
  #idleMs: number | undefined;
  #received = 0;
  #head: HeadFacts | undefined;

  /** @param below - the function whose callers are the place of the request */
  constructor(
    host: ExchangeHost,
    options: RequestOptions,
    handler: CallbackHandler,
    limits: ResolvedLimits,
    // biome-ignore lint/complexity/noBannedTypes: any function at all may stand in a stack.
    below: Function,
  ) {
    this.#host = host;
    this.#options = options;
    this.#handler = handler;
    this.#limits = limits;
    this.#below = below;
    this.#startedAt = momentFor(limits.totalTimeoutMs, host.clock).ms;
    const left = remainingMs();
    this.#totalMs = left === undefined ? limits.totalTimeoutMs : Math.min(left, limits.totalTimeoutMs);
    this.#totalAt = this.#startedAt + this.#totalMs;
    this.dueAt = this.#totalAt;
  }

  /** Hands the handler what ends the request, and begins. */
  start(): void {
    try {
      this.#handler.onConnect?.((reason) => this.abort(reason ?? new Error('aborted')), undefined);
    } catch (error) {
      this.abort(error as Error);
    }
    if (this.#phase === 'done') return;
    this.#host.dueTimes.add(this);
    this.#acquire();
  }

  #acquire(): void {
    this.#phase = 'queued';
    const { engine, mode } = this.#host;
    this.#waiting = engine.acquireFor(this, mode, this.#below, framesThroughFetch) ?? this.#waiting;
  }

  granted(lease: Lease<HttpConnection>): void {
    this.#waiting = undefined;
    if (this.#phase === 'done') {
      lease.release();
      return;
    }
    const now = momentFor(this.#limits.headersTimeoutMs, this.#host.clock).ms;
    const { connection } = lease;
    this.#idleMs = connection instanceof H1Connection ? connection.idleMs(now) : undefined;
    if (
      this.#idleMs !== undefined &&
      this.#idleMs >= Math.min(this.#distrustsFromMs, this.#host.reusableForMs(connection))
    ) {
      lease.discard('it was idle as long as others that had died of that');
      this.#acquire();
      return;
    }
    this.#lease = lease;
    this.#grantedAt ??= now;
    this.#phase = 'sending';
    this.#isWritten = false;
    this.#isSent = false;
    if (this.#headersAt === Number.POSITIVE_INFINITY) this.#headersAt = now + this.#limits.headersTimeoutMs;
    this.#dueBy(this.#headersAt);
    connection.send(this.#options, this);
  }

  refused(error: unknown): void {
    this.#waiting = undefined;
    this.#fail(error as Error);
  }

  onConnect(abort: (reason: Error) => void): void {
    this.#isWritten = true;
    if (this.#phase === 'done') {
      abort(this.#reason as Error);
      return;
    }
    this.#phase = 'headers';
    this.#abortSending = abort;
  }

  onBodySent(chunk: Uint8Array): void {
    // The server cannot answer before it has the whole: an upload that goes on is not its silence.
    if (this.#phase === 'headers' && !this.#isSent) {
      this.#headersAt = this.#host.clock.turnNow().ms + this.#limits.headersTimeoutMs;
      this.#dueBy(this.#headersAt);
    }
    this.#handler.onBodySent?.(chunk);
  }

  onRequestSent(): void {
    this.#isSent = true;
    this.#handler.onRequestSent?.();
  }

  onResponseStarted(): void {
    this.#isAnswered = true;
    this.#handler.onResponseStarted?.();
  }

  onHeaders(status: number, headers: Buffer[], resume: () => void, message: string): boolean {
    if (this.#phase === 'done') return false;
    this.#isAnswered = true;
    if (status >= 200) {
      this.#head = this.#host.heads.read(status, headers);
      if (this.#head.retryAfter !== undefined) this.#host.retryAfter(status, this.#head.retryAfter);
      this.#resumeBody = resume;
      this.#bodyGoesOn();
    }
    try {
      // What it returns for an informational response has no meaning.
      const goesOn = this.#handler.onHeaders?.(status, headers, this.#resume, message) !== false;
      return this.#heard(goesOn || status < 200);
    } catch (error) {
      this.abort(error as Error);
      return false;
    }
  }

  onData(chunk: Buffer): boolean {
    if (this.#phase === 'done') return false;
    this.#received += chunk.length;
    this.#bodyGoesOn();
    try {
      return this.#heard(this.#handler.onData?.(chunk) !== false);
    } catch (error) {
      this.abort(error as Error);
      return false;
    }
  }

  onComplete(trailers: Buffer[]): void {
    const handler = this.#handler;
    this.#leave();
    this.#endLease(undefined);
    if (handler === deaf) return;
    this.#host.counters.answered++;
    try {
      handler.onComplete?.(trailers);
    } catch (error) {
      handler.onError?.(error as Error);
    }
  }

  onUpgrade(status: number, headers: Buffer[], socket: Duplex): void {
    const handler = this.#handler;
    this.#leave();
    const lease = this.#lease;
    this.#lease = undefined;
    // A tunnel over HTTP/2 is one stream of many: the others go on, and its share of the connection comes back when it closes.
    if (lease?.mode === 'shared') socket.once('close', () => lease.ended || lease.release());
    else if (lease !== undefined && !lease.ended) lease.detach();
    if (handler === deaf) {
      socket.destroy();
      return;
    }
    this.#host.counters.answered++;
    try {
      if (handler.onUpgrade === undefined)
        throw new Error('the server upgraded a request that asked for none');
      handler.onUpgrade(status, headers, socket);
    } catch (error) {
      socket.destroy();
      handler.onError?.(error as Error);
    }
  }

  /** The connection that it has; the pool may have taken it back. */
  get #connection(): HttpConnection | undefined {
    return this.#lease?.ended === false ? this.#lease.connection : undefined;
  }

  onError(error: Error, isUnprocessed = false): void {
    const connection = this.#connection;
    if (this.#phase === 'done') {
      this.#endLease(error);
      return;
    }
    const how = this.#resendable(connection, isUnprocessed);
    this.#abortSending = undefined;
    this.#resumeBody = undefined;
    if (this.#idleMs !== undefined && this.#isWritten && !this.#isAnswered && connection?.capacity === 0)
      this.#host.diedUnanswered(this.#idleMs);
    this.#endLease(error);
    if (how === undefined) {
      this.#fail(this.#explained(error, connection));
      return;
    }
    this.#resends++;
    this.#host.counters[how]++;
    this.#acquire();
  }

  /** The deadline of its phase, or of the whole, has come. */
  overdue(now: number): void {
    const connection = this.#connection;
    if (connection instanceof H2Connection && this.#phase !== 'paused') connection.doubt(this.#host.clock);
    this.abort(now >= this.#totalAt ? this.#overTotal(now) : this.#overPhase(now));
  }

  #dueBy(at: number): void {
    const dueAt = Math.min(at, this.#totalAt);
    const isSooner = dueAt < this.dueAt;
    this.dueAt = dueAt;
    if (isSooner) this.#host.dueTimes.moved(this);
  }

  #bodyGoesOn(): void {
    this.#phase = 'body';
    this.#dueBy(this.#host.clock.turnNow().ms + this.#limits.bodyTimeoutMs);
  }

  /** The handler has heard something, and wants more of it or not yet. */
  #heard(goesOn: boolean): boolean {
    if (this.#phase === 'done') return false;
    if (!goesOn) {
      this.#phase = 'paused';
      this.#host.unread.add(this.#lease!);
      this.#dueBy(this.#host.clock.turnNow().ms + this.#limits.bodyIdleTimeoutMs);
    }
    return goesOn;
  }

  readonly #resume = (): void => {
    if (this.#phase === 'paused') {
      this.#host.unread.delete(this.#lease!);
      this.#bodyGoesOn();
    }
    this.#resumeBody?.();
  };

  /** Ends it, whatever it is doing; its handler hears the reason. */
  abort(reason: Error): void {
    if (this.#phase === 'done') return;
    const waiting = this.#waiting;
    if (waiting !== undefined) {
      waiting.withdraw(reason);
      return;
    }
    const abortSending = this.#abortSending;
    this.#fail(reason);
    // Not written yet: it ends when the connection begins with it.
    abortSending?.(reason);
  }

  #fail(error: Error): void {
    const handler = this.#handler;
    this.#reason = error;
    this.#leave();
    if (handler === deaf) return;
    this.#host.counters.failed++;
    // Node 20's fetch never settles when it hears of the head and of the failure in one turn.
    if (this.#head !== undefined) setImmediate(() => handler.onError?.(error));
    else handler.onError?.(error);
  }

  /** Nothing more is told to the handler. */
  #leave(): void {
    if (this.#phase === 'done') return;
    this.#phase = 'done';
    this.#handler = deaf;
    this.#host.dueTimes.delete(this);
    this.#host.left(this.#options.method);
  }

  /** @param error - of the connection or the request; nothing when the response has ended */
  #endLease(error: Error | undefined): void {
    const lease = this.#lease;
    this.#lease = undefined;
    if (lease === undefined) return;
    const { unread } = this.#host;
    if (unread.size > 0) unread.delete(lease);
    if (lease.ended) return;
    const { connection } = lease;
    if (!(connection instanceof H1Connection)) {
      lease.release();
      return;
    }
    if (error !== undefined) {
      // What was refused before it was written has done the connection no harm.
      if (!this.#isWritten && connection.capacity > 0) {
        connection.spared();
        lease.release();
      } else lease.discard(error);
      return;
    }
    connection.rests(this.#host.clock.turnNow().ms, this.#head?.keepAliveMs);
    const isSpent = !this.#isSent || this.#head?.closes === true || connection.closesAfter(this.#options);
    if (isSpent) lease.discard('the response was the last one on this connection');
    else lease.release();
  }

  /** Whether the request may be sent again, and as what it then counts. */
  #resendable(
    connection: HttpConnection | undefined,
    isUnprocessed: boolean,
  ): keyof ExchangeCounters | undefined {
    if (this.#resends >= mostResends || this.#isAnswered || connection === undefined) return undefined;
    // The connection is well: it is the request that makes no sense.
    if (!this.#isWritten) return connection.capacity > 0 ? undefined : 'resentUnwritten';
    if (!isReplayable(this.#options.body)) return undefined;
    if (isUnprocessed) return 'resentUnprocessed';
    if (this.#wasUnanswered || connection.capacity > 0 || !isIdempotent(this.#options)) return undefined;
    this.#wasUnanswered = true;
    if (this.#idleMs !== undefined) this.#distrustsFromMs = distrustsFromMs(this.#idleMs);
    return 'resentUnanswered';
  }

  #explained(error: Error, connection: HttpConnection | undefined): Error {
    const isHeadless = connection?.protocol === 'HTTP/1.1' && this.#isAnswered && this.#head === undefined;
    const isContinue = isHeadless && error.message === 'bad response';
    return isContinue ? continueSent(this.#host.name, this.#inWords(), error) : error;
  }

  #inWords(): string {
    const { method, path } = this.#options;
    return `${method} ${this.#host.origin}${path.split('?', 1)[0]}`;
  }

  #overTotal(now: number): TotalTimeoutError {
    const limitMs = this.#totalMs;
    const option = limitMs < this.#limits.totalTimeoutMs ? 'withDeadline' : 'totalTimeoutMs';
    return new TotalTimeoutError(this.#facts(option, limitMs, now), phasesInWords[this.#phase]);
  }

  #overPhase(now: number): HttpTimeoutError {
    const { headersTimeoutMs, bodyTimeoutMs, bodyIdleTimeoutMs } = this.#limits;
    switch (this.#phase) {
      case 'body':
        return new BodyTimeoutError(this.#facts('bodyTimeoutMs', bodyTimeoutMs, now));
      case 'paused': {
        const facts = this.#facts('bodyIdleTimeoutMs', bodyIdleTimeoutMs, now);
        return new BodyIdleTimeoutError(facts, this.#lease?.place?.toString());
      }
      default:
        return new HeadersTimeoutError(this.#facts('headersTimeoutMs', headersTimeoutMs, now));
    }
  }

  #facts(option: string, limitMs: number, now: number): TimeoutFacts {
    const { name, engine } = this.#host;
    return {
      poolName: name,
      request: this.#inWords(),
      option,
      limitMs,
      elapsedMs: now - this.#startedAt,
      queuedMs: (this.#grantedAt ?? now) - this.#startedAt,
      received: this.#received,
      counts: engine.counts(),
    };
  }
}
