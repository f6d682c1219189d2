// The pool as its users see it: an undici dispatcher with a pool of connections for each origin.

import { type Dispatcher, errors } from 'undici';
import {
  Budget,
  type ConnectionInfo,
  type HolderInfo,
  PoolClosedError,
  type PoolStats,
  type PoolStatus,
  systemClock,
} from '../core/index.ts';
import { behind } from './composed.ts';
import { DispatcherBase } from './dispatcher-base.ts';
import { DueTimes } from './due-times.ts';
import { MaxOriginsError } from './errors.ts';
import { asCallbacks } from './handler.ts';
import {
  checkRequestLimits,
  type HttpPoolOptions,
  type RequestLimits,
  type ResolvedHttpOptions,
  type ResolvedLimits,
  resolveHttpOptions,
} from './options.ts';
import { Origin, type OriginStats } from './origin.ts';

/** What {@link HttpPool.stats} tells. */
export interface HttpPoolStats {
  readonly name: string;
  /** Connections to all origins, of every state: never more than `maxTotal`. */
  readonly size: number;
  readonly maxTotal: number;
  /** Requests dispatched and not ended. */
  readonly requests: number;
  readonly origins: readonly OriginStats[];
}

/** What there is to see in one of {@link HttpPool.pools}. */
export interface OriginPool {
  /** The pool's name and the origin. */
  readonly name: string;
  status(): PoolStatus;
  stats(): PoolStats;
  connections(): ConnectionInfo[];
  holders(): HolderInfo[];
}

/** Limits that a request may name, as undici's options and as Openline's own. */
type LimitedRequest = RequestLimits & {
  readonly headersTimeout?: number | null;
  readonly bodyTimeout?: number | null;
};

/**
 * Keeps connections to HTTP and HTTPS servers open and lends them to requests: a dispatcher for `fetch`, `undici.request` and
 * `setGlobalDispatcher`. Every phase has its limit, every failure its reason.
 *
 * @example
 * ```ts
 * import { HttpPool } from 'openline/http';
 *
 * const pool = new HttpPool({ max: 20, headersTimeoutMs: 5_000 });
 * const response = await fetch('https://example.com/', { dispatcher: pool });
 * await response.text();
 * await pool.close();
 * ```
 */
export class HttpPool extends DispatcherBase {
  readonly #options: ResolvedHttpOptions;
  readonly #budget: Budget | undefined;
  readonly #dueTimes: DueTimes;
  /** By the origin as requests name it, which may be spelt in several ways. */
  readonly #byName = new Map<string, Origin>();
  readonly #origins = new Map<string, Origin>();
  #closing: Promise<void> | undefined;
  #isDestroyed = false;
  #whenQuiet: (() => void) | undefined;

  /** @throws InvalidOptionsError with every fault */
  constructor(options?: HttpPoolOptions) {
    super();
    this.#options = resolveHttpOptions(options);
    const { maxTotal, clock } = this.#options;
    this.#budget = maxTotal === Number.POSITIVE_INFINITY ? undefined : new Budget({ max: maxTotal });
    this.#dueTimes = new DueTimes(clock ?? systemClock);
  }

  /** The pool's name. */
  get name(): string {
    return this.#options.name;
  }

  get closed(): boolean {
    return this.#isDestroyed || this.#closing !== undefined;
  }

  get destroyed(): boolean {
    return this.#isDestroyed;
  }

  /**
   * Sends a request; `handler` is told what becomes of it. Both styles of handlers are taken.
   *
   * @returns always `true`: the queue is the pool's, and bounded.
   */
  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean;
  /** The options and handlers of another version's types. */
  override dispatch(options: object, handler: object): boolean;
  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (typeof handler !== 'object' || handler === null)
      throw new errors.InvalidArgumentError('handler must be an object');
    const callbacks = asCallbacks(handler);
    let origin: Origin;
    let limits: ResolvedLimits;
    try {
      if (typeof options !== 'object' || options === null)
        throw new errors.InvalidArgumentError('opts must be an object');
      if (this.closed) throw this.#closedError();
      origin = this.#originOf(options);
      limits = this.#limitsOf(options as LimitedRequest, origin.limits);
    } catch (error) {
      if (callbacks.onError === undefined) throw error;
      callbacks.onError(error as Error);
      return true;
    }
    origin.send(options, callbacks, limits, HttpPool.prototype.dispatch);
    return true;
  }

  /** The same pool behind interceptors of undici, the last one foremost. */
  override compose(interceptors: Dispatcher.DispatcherComposeInterceptor[]): HttpPool;
  override compose(...interceptors: Dispatcher.DispatcherComposeInterceptor[]): HttpPool;
  /** The interceptors of another version's types. */
  override compose(...interceptors: object[]): HttpPool;
  override compose(...interceptors: object[]): HttpPool {
    const composed = super.compose(interceptors.flat() as Dispatcher.DispatcherComposeInterceptor[]);
    return behind(this, composed.dispatch);
  }

  #originOf(options: Dispatcher.DispatchOptions): Origin {
    const { origin, upgrade, method } = options;
    const key = typeof origin === 'string' ? origin : (origin?.origin ?? '');
    const known = this.#byName.get(key) ?? this.#addOrigin(key);
    const onlyH1 = (upgrade || method === 'CONNECT') && known.speaksH2;
    return onlyH1 || (options as { allowH2?: unknown }).allowH2 === false ? this.#h1Of(known) : known;
  }

  #addOrigin(key: string): Origin {
    const url = URL.canParse(key) ? new URL(key) : undefined;
    if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
      throw new errors.InvalidArgumentError(
        'origin must be an http: or https: one, such as "https://example.com"',
      );
    }
    const origin = this.#origins.get(url.origin) ?? this.#open(url, url.origin, false);
    // The spellings are the callers', and may be many.
    if (this.#byName.size > 4 * this.#options.maxOrigins) this.#byName.clear();
    this.#byName.set(key, origin);
    return origin;
  }

  /** The connections to an origin that speaks HTTP/2 which can be upgraded. */
  #h1Of(origin: Origin): Origin {
    if (origin.url.protocol === 'http:') return origin;
    const key = `${origin.origin} (HTTP/1.1)`;
    return this.#origins.get(key) ?? this.#open(origin.url, key, true);
  }

  #open(url: URL, key: string, onlyH1: boolean): Origin {
    if (this.#origins.size >= this.#options.maxOrigins) this.#dropIdlest();
    const { clock, onRetryAfter } = this.#options;
    const origin = new Origin({
      url,
      name: `${this.name} ${key}`,
      onlyH1,
      options: this.#options.of(url.origin),
      budget: this.#budget,
      clock,
      dueTimes: this.#dueTimes,
      onRetryAfter,
      events: this,
      onQuiet: () => this.#whenQuiet?.(),
    });
    this.#origins.set(key, origin);
    return origin;
  }

  /** Makes room for one more origin. */
  #dropIdlest(): void {
    let idlest: [string, Origin] | undefined;
    for (const entry of this.#origins) {
      const [, origin] = entry;
      if (origin.isQuiet && (idlest === undefined || origin.quietSince < idlest[1].quietSince))
        idlest = entry;
    }
    if (idlest === undefined) throw new MaxOriginsError(this.name, this.#options.maxOrigins);
    const [key, dropped] = idlest;
    this.#origins.delete(key);
    for (const [name, origin] of this.#byName) if (origin === dropped) this.#byName.delete(name);
    void dropped.engine.close({ timeoutMs: 0 });
  }

  #limitsOf(request: LimitedRequest, limits: ResolvedLimits): ResolvedLimits {
    const { headersTimeout, bodyTimeout } = request;
    const { headersTimeoutMs, bodyTimeoutMs, bodyIdleTimeoutMs, totalTimeoutMs } = request;
    const hasOwn = headersTimeoutMs ?? bodyTimeoutMs ?? bodyIdleTimeoutMs ?? totalTimeoutMs;
    if (headersTimeout == null && bodyTimeout == null && hasOwn === undefined) return limits;
    checkRequestLimits(this.name, { headersTimeoutMs, bodyTimeoutMs, bodyIdleTimeoutMs, totalTimeoutMs });
    return {
      headersTimeoutMs:
        headersTimeoutMs ?? ofUndici('headersTimeout', headersTimeout) ?? limits.headersTimeoutMs,
      bodyTimeoutMs: bodyTimeoutMs ?? ofUndici('bodyTimeout', bodyTimeout) ?? limits.bodyTimeoutMs,
      bodyIdleTimeoutMs: bodyIdleTimeoutMs ?? limits.bodyIdleTimeoutMs,
      totalTimeoutMs: totalTimeoutMs ?? limits.totalTimeoutMs,
    };
  }

  /**
   * Opens connections to an origin before the first request needs them. Resolves when `connections` are open.
   *
   * @throws (rejects) ConnectError of the first open that fails, undici's InvalidArgumentError, PoolClosedError
   */
  async warm(origin: string | URL, connections = 1): Promise<void> {
    if (this.closed) throw this.#closedError();
    await this.#addOrigin(new URL(origin).origin).engine.warm(connections);
  }

  /** With the code that undici's dispatchers have for it. */
  #closedError(): PoolClosedError {
    return this.#isDestroyed
      ? new PoolClosedError(
          this.name,
          `pool "${this.name}" was destroyed: make a new pool`,
          'UND_ERR_DESTROYED',
        )
      : new PoolClosedError(
          this.name,
          `pool "${this.name}" is closed: send requests before close(), or make a new pool`,
          'UND_ERR_CLOSED',
        );
  }

  /** The pool now. */
  stats(): HttpPoolStats {
    const origins = [...this.#origins.values()].map((origin) => origin.stats());
    return {
      name: this.name,
      size: origins.reduce((sum, { size }) => sum + size, 0),
      maxTotal: this.#options.maxTotal,
      requests: origins.reduce((sum, { requests }) => sum + requests, 0),
      origins,
    };
  }

  /** The pools of connections, one for each origin and each way of speaking to it: for those who look at many of them, or often. */
  pools(): OriginPool[] {
    return [...this.#origins.values()].map(({ engine }) => engine);
  }

  /** Who has a connection now, the longest first: each is a request under way, or one whose body was not read to its end. */
  holders(): (HolderInfo & { readonly origin: string })[] {
    return [...this.#origins.values()]
      .flatMap(({ origin, engine }) => engine.holders().map((holder) => ({ ...holder, origin })))
      .sort((a, b) => b.ageMs - a.ageMs);
  }

  /** Every connection now. */
  connections(): (ConnectionInfo & { readonly origin: string })[] {
    return [...this.#origins.values()].flatMap(({ origin, engine }) =>
      engine.connections().map((connection) => ({ ...connection, origin })),
    );
  }

  /** Replaces every connection, of all origins or of one: the next requests find new ones. */
  async refresh(origin?: string | URL): Promise<void> {
    const only = origin === undefined ? undefined : new URL(origin).origin;
    await Promise.all(
      [...this.#origins.values()]
        .filter((one) => only === undefined || one.origin === only)
        .map(({ engine }) => engine.refresh()),
    );
  }

  /** Takes no more requests, lets those that were dispatched end, and closes every connection. */
  override close(): Promise<void>;
  override close(callback: () => void): void;
  override close(callback?: () => void): Promise<void> | void {
    checkCallback(callback);
    this.#closing ??= this.#close();
    if (callback === undefined) return this.#closing;
    void this.#closing.then(() => callback());
  }

  async #close(): Promise<void> {
    await this.#untilQuiet();
    await this.#closeAll();
    this.#isDestroyed = true;
  }

  #untilQuiet(): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (this.#isDestroyed || [...this.#origins.values()].every(({ isQuiet }) => isQuiet)) resolve();
      };
      this.#whenQuiet = look;
      look();
    });
  }

  async #closeAll(): Promise<void> {
    this.#dueTimes.stop();
    await Promise.all([...this.#origins.values()].map(({ engine }) => engine.close({ timeoutMs: 0 })));
  }

  /** Closes every connection at once; requests under way fail with `error`. */
  override destroy(): Promise<void>;
  override destroy(error: Error | null): Promise<void>;
  override destroy(callback: () => void): void;
  override destroy(error: Error | null, callback: () => void): void;
  override destroy(error?: Error | null | (() => void), callback?: () => void): Promise<void> | void {
    const done = typeof error === 'function' ? error : callback;
    checkCallback(done);
    this.#isDestroyed = true;
    this.#dueTimes.abortAll(error instanceof Error ? error : this.#closedError());
    const destroying = this.#closeAll();
    this.#closing ??= destroying;
    if (done === undefined) return destroying;
    void destroying.then(() => done());
  }
}

function checkCallback(callback: unknown): void {
  if (callback !== undefined && typeof callback !== 'function')
    throw new errors.InvalidArgumentError('invalid callback');
}

/** A limit as undici's options say it: 0 is none. */
function ofUndici(option: string, value: number | null | undefined): number | undefined {
  if (value == null) return undefined;
  if (typeof value !== 'number' || !(value >= 0)) throw new errors.InvalidArgumentError(`invalid ${option}`);
  return value === 0 ? Number.POSITIVE_INFINITY : value;
}
