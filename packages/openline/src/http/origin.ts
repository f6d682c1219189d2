// One origin: its pool of connections, and what was learned of its server.

import { METHODS } from 'node:http';
import type { Dispatcher, errors } from 'undici';
import {
  type Budget,
  type Clock,
  createPool,
  type Lease,
  type LeaseMode,
  type Pool,
  type PoolObserver,
  type PoolStats,
  systemClock,
} from '../core/index.ts';
import { explainer } from '../insight/index.ts';
import type { HttpConnection, RequestOptions } from './connection.ts';
import { type ConnectorHost, HttpConnector } from './connector.ts';
import type { DueTimes } from './due-times.ts';
import { Exchange } from './exchange.ts';
import type { ExchangeCounters, ExchangeHost } from './exchange-host.ts';
import { H1Connection } from './h1-connection.ts';
import type { CallbackHandler } from './handler.ts';
import type { ResolvedLimits, ResolvedOrigin, RetryAfterEvent } from './options.ts';
import { HeadReader, retryAfterMs } from './response-head.ts';
import { ReuseLimits } from './reuse.ts';
import { SocketSource } from './socket.ts';

/** What {@link HttpPool.stats} tells of one origin, beside its connections. */
export interface OriginStats extends PoolStats {
  readonly origin: string;
  /** What its server speaks; `undefined` until a connection was open. */
  readonly protocol: HttpConnection['protocol'] | undefined;
  /** Requests dispatched and not ended, those in the queue included. */
  readonly requests: number;
  /** The same by method; one that is known stays, with 0, when its last request has ended. */
  readonly requestsByMethod: Readonly<Record<string, number>>;
  readonly requestTotals: Readonly<ExchangeCounters>;
  /** How long an idle HTTP/1.1 connection is reused without a hint of the server's, in milliseconds; `Infinity`: as long as `idleTimeoutMs`. */
  readonly reusableForMs: number;
  /** The last `Retry-After` of a 429 or 503, and how much of it is left, in milliseconds. */
  readonly retryAfter: { readonly status: number; readonly leftMs: number } | undefined;
}

/** What an origin is made of. */
export interface OriginParts {
  readonly url: URL;
  readonly name: string;
  /** Only connections that can be upgraded: HTTP/1.1. */
  readonly onlyH1: boolean;
  readonly options: ResolvedOrigin;
  readonly budget: Budget | undefined;
  readonly clock: Clock | undefined;
  readonly dueTimes: DueTimes;
  readonly onRetryAfter: ((event: RetryAfterEvent) => void) | undefined;
  /** Where undici's events are emitted: `connect`, `disconnect` and `connectionError`. */
  readonly events: Dispatcher;
  /** The last request has left. */
  readonly onQuiet: () => void;
}

/** Below `bodyIdleTimeoutMs`: a body that nobody reads is told of before its connection is taken away. */
export const leakThresholdMs = 10_000;

/** Those that are told of for good. Whatever else callers make up could be any number of them. */
const knownMethods = new Set(METHODS.flatMap((method) => [method, method.toLowerCase()]));

/** Requests under way, of one method. */
interface RequestsOfMethod {
  count: number;
  readonly isKnown: boolean;
}

/** undici's types know only its own errors there. */
const asUndicis = (error: Error): errors.UndiciError => error as errors.UndiciError;

/** Tells of connections as undici's own dispatchers do. */
function undiciEvents(events: Dispatcher, url: URL): PoolObserver<HttpConnection> {
  return {
    opened: () => events.emit('connect', url, [events]),
    openFailed: ({ error }) => events.emit('connectionError', url, [events], asUndicis(error)),
    closed: ({ reason, error }) =>
      events.emit('disconnect', url, [events], asUndicis(error instanceof Error ? error : new Error(reason))),
  };
}

/** One origin of an {@link HttpPool}. */
export class Origin implements ExchangeHost, ConnectorHost {
  readonly name: string;
  readonly origin: string;
  readonly url: URL;
  readonly clock: Clock;
  readonly dueTimes: DueTimes;
  readonly heads: HeadReader = new HeadReader();
  readonly unread: Set<Lease<HttpConnection>> = new Set();
  readonly sockets: SocketSource;
  readonly maxHeaderSize: number;
  readonly onlyH1: boolean;
  readonly limits: ResolvedLimits;
  readonly engine: Pool<HttpConnection>;
  readonly counters: ExchangeCounters = {
    answered: 0,
    failed: 0,
    resentUnwritten: 0,
    resentUnprocessed: 0,
    resentUnanswered: 0,
  };
  readonly #onRetryAfter: OriginParts['onRetryAfter'];
  readonly #onQuiet: () => void;
  readonly #reuse = new ReuseLimits();
  readonly #speaksH1Only: boolean;
  #protocol: HttpConnection['protocol'] | undefined;
  #jumpedAt = Number.NEGATIVE_INFINITY;
  #retryAfter: { readonly status: number; readonly until: number } | undefined;
  #requests = 0;
  readonly #requestsByMethod = new Map<string, RequestsOfMethod>();
  /** When the last request left. */
  quietSince: number;

  constructor(parts: OriginParts) {
    const { url, name, onlyH1, options, budget, dueTimes } = parts;
    this.url = url;
    this.origin = url.origin;
    this.name = name;
    this.clock = parts.clock ?? systemClock;
    this.dueTimes = dueTimes;
    this.maxHeaderSize = options.maxHeaderSize;
    this.onlyH1 = onlyH1;
    this.limits = options.limits;
    this.sockets = new SocketSource(url, options.sockets, name);
    this.#onRetryAfter = parts.onRetryAfter;
    this.#onQuiet = parts.onQuiet;
    this.#speaksH1Only = onlyH1 || url.protocol === 'http:' || options.sockets.allowH2 === false;
    this.quietSince = this.clock.now();
    const { observers = [] } = options.engine;
    this.engine = createPool(new HttpConnector(this), {
      leakThresholdMs,
      explainer,
      ...options.engine,
      name,
      ...(parts.clock === undefined ? {} : { clock: parts.clock }),
      ...(budget === undefined ? {} : { budget }),
      // Only what the clock's jump has made suspect is asked.
      validateAfterIdleMs: Number.POSITIVE_INFINITY,
      keepaliveMs: Number.POSITIVE_INFINITY,
      observers: [...observers, { clockJumped: () => this.#clockJumped() }, undiciEvents(parts.events, url)],
    });
  }

  get mode(): LeaseMode {
    return this.#speaksH1Only || this.#protocol === 'HTTP/1.1' ? 'exclusive' : 'shared';
  }

  /** Whether nobody asks it for anything now. */
  get isQuiet(): boolean {
    return this.#requests === 0;
  }

  /** Whether its server was seen to speak HTTP/2. */
  get speaksH2(): boolean {
    return this.#protocol === 'HTTP/2';
  }

  /** @param below - the function whose callers are the place of the request */
  send(
    options: RequestOptions,
    handler: CallbackHandler,
    limits: ResolvedLimits,
    // biome-ignore lint/complexity/noBannedTypes: any function at all may stand in a stack.
    below: Function,
  ): void {
    this.#count(options.method, 1);
    new Exchange(this, options, handler, limits, below).start();
  }

  #count(method: string, more: number): void {
    this.#requests += more;
    let requests = this.#requestsByMethod.get(method);
    if (requests === undefined) {
      requests = { count: 0, isKnown: knownMethods.has(method) };
      this.#requestsByMethod.set(method, requests);
    }
    requests.count += more;
    if (requests.count === 0 && !requests.isKnown) this.#requestsByMethod.delete(method);
  }

  left(method: string): void {
    this.#count(method, -1);
    if (this.#requests > 0) return;
    this.quietSince = this.clock.turnNow().ms;
    this.#onQuiet();
  }

  opened(connection: HttpConnection): void {
    this.#protocol = connection.protocol;
  }

  /** What the server speaks is asked with one connection: over HTTP/2 it may be the only one that is needed. */
  opensAtOnce(): number {
    return this.#speaksH1Only || this.#protocol === 'HTTP/1.1' || this.engine.counts().size > 1
      ? Number.POSITIVE_INFINITY
      : 1;
  }

  reusableForMs(connection: HttpConnection): number {
    return connection instanceof H1Connection
      ? this.#reuse.limitMs(connection.hintMs, this.clock.turnNow().ms)
      : Number.POSITIVE_INFINITY;
  }

  diedIdle(connection: HttpConnection): void {
    const now = this.clock.now();
    const idleMs = connection instanceof H1Connection ? connection.idleMs(now) : undefined;
    if (idleMs !== undefined) this.#reuse.died(idleMs, now);
  }

  diedUnanswered(idleMs: number): void {
    this.#reuse.died(idleMs, this.clock.now());
  }

  isTrusted(connection: HttpConnection): boolean {
    const now = this.clock.now();
    const idleMs = connection instanceof H1Connection ? connection.idleMs(now) : undefined;
    return idleMs !== undefined && now - idleMs > this.#jumpedAt;
  }

  #clockJumped(): void {
    this.#jumpedAt = this.clock.now();
  }

  retryAfter(status: number, value: string): void {
    const ms = retryAfterMs(value, this.clock.wallNow());
    if (ms === undefined) return;
    this.#retryAfter = { status, until: this.clock.now() + ms };
    try {
      this.#onRetryAfter?.({ poolName: this.name, origin: this.origin, status, retryAfterMs: ms });
    } catch (error) {
      process.emitWarning(`onRetryAfter threw: ${String(error)}`, { type: 'OpenlineWarning' });
    }
  }

  stats(): OriginStats {
    const now = this.clock.now();
    const retryAfter = this.#retryAfter;
    return {
      ...this.engine.stats(),
      origin: this.origin,
      protocol: this.#protocol,
      requests: this.#requests,
      requestsByMethod: Object.fromEntries(
        Array.from(this.#requestsByMethod, ([method, { count }]) => [method, count]),
      ),
      requestTotals: { ...this.counters },
      reusableForMs: this.#reuse.limitMs(undefined, now),
      retryAfter:
        retryAfter === undefined || retryAfter.until <= now
          ? undefined
          : { status: retryAfter.status, leftMs: retryAfter.until - now },
    };
  }
}
