// Few and useful lines in the user's own log: outages, the breaker, leaks, dirty returns, pools near exhaustion. Never one per query.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  Alarm,
  type Clock,
  type ConnectError,
  channelNames,
  type OutageInfo,
  type PoolObserver,
  type PoolStats,
  systemClock,
} from '../core/index.ts';
import { LogLimit } from './log-limit.ts';
import type { WatchedPool } from './watched.ts';

/** What lines are written to: pino's interface, which console has too if the arguments' order is no matter. */
export interface Logger {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** Options of {@link logPools}. */
export interface LogOptions {
  /** Where time comes from; `ManualClock` of `openline/testing` in tests. Default the machine's clock. */
  readonly clock?: Clock;
}

/** How often the pools are looked at for exhaustion. A look reads their stats and costs the pools nothing in between. */
const lookEveryMs = 5_000;
/** A pool is near exhaustion when it was found full, with callers waiting, so many times in a row. */
const looksToTell = 2;

type Level = keyof Logger;
type EventOf<Name extends keyof PoolObserver> = Parameters<NonNullable<PoolObserver[Name]>>[0];
type Handlers = { readonly [Name in keyof PoolObserver]: (event: EventOf<Name>) => void };

/** What was told of one engine: a pool's, or that of an origin of an HttpPool. */
interface Told {
  breakerOpen: boolean;
  nearExhaustion: boolean;
  fullLooks: number;
}

/**
 * Writes to a log what happens to pools, in at most five lines a minute of each kind from each pool; the next line tells how many were left out (`leftOut`).
 *
 * | level | line | when |
 * |---|---|---|
 * | warn | `cannot connect` | an outage has begun |
 * | error | `breaker open` | it has outlasted the acquire timeout: callers are turned away at once |
 * | info | `breaker closed`, `connected again` | the first open after the outage |
 * | warn | `lease overdue` | a lease lasts longer than `leakThresholdMs` |
 * | warn | `dirty return` | a lease left something behind, such as an open transaction |
 * | warn | `acquire timed out` | a caller waited in vain |
 * | warn | `near exhaustion` | full, and callers waiting, for 5 s |
 * | info | `room again` | no longer |
 *
 * @param pools - of any kind; those with the same name are not told apart
 * @returns what ends it.
 *
 * @example
 * ```ts
 * import pino from 'pino';
 *
 * const log = logPools([pool], pino());
 * ```
 */
export function logPools(
  pools: readonly WatchedPool[],
  logger: Logger,
  { clock = systemClock }: LogOptions = {},
): Disposable {
  const log = new PoolLog(pools, logger, clock);
  log.start();
  return { [Symbol.dispose]: () => log.stop() };
}

class PoolLog {
  readonly #pools: readonly WatchedPool[];
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #names: ReadonlySet<string>;
  readonly #limit = new LogLimit();
  readonly #look: Alarm;
  readonly #subscriptions: [channel: string, listener: (event: unknown) => void][] = [];
  #told = new Map<string, Told>();

  constructor(pools: readonly WatchedPool[], logger: Logger, clock: Clock) {
    this.#pools = pools;
    this.#logger = logger;
    this.#clock = clock;
    this.#names = new Set(pools.map((pool) => pool.stats().name));
    this.#look = new Alarm(clock, () => this.#lookAtAll(), false);
  }

  start(): void {
    const handlers: Handlers = {
      openFailed: ({ poolName, error }) => this.#openFailed(poolName, error),
      recovered: ({ poolName, outageMs, attempts }) => this.#recovered(poolName, outageMs, attempts),
      leaseOverdue: ({ poolName, connectionId, ageMs, place }) =>
        this.#write('warn', poolName, 'lease overdue', { connectionId, ageMs, place }),
      dirtyReturn: ({ poolName, connectionId, what, place }) =>
        this.#write('warn', poolName, 'dirty return', { connectionId, what, place }),
      timedOut: ({ poolName, waitedMs, error }) =>
        this.#write('warn', poolName, 'acquire timed out', {
          waitedMs,
          error: withoutSecrets(error.message),
        }),
    };
    for (const [name, handle] of Object.entries(handlers)) {
      const listener = (event: unknown): void => {
        if (this.#isOurs((event as { poolName: string }).poolName))
          (handle as (event: unknown) => void)(event);
      };
      const channel = channelNames[name as keyof PoolObserver];
      subscribe(channel, listener);
      this.#subscriptions.push([channel, listener]);
    }
    this.#lookLater();
  }

  stop(): void {
    this.#look.cancel();
    for (const [channel, listener] of this.#subscriptions.splice(0)) unsubscribe(channel, listener);
  }

  /** The channels tell of every pool of the process. The engine of an origin is called by the pool's name and the origin. */
  #isOurs(poolName: string): boolean {
    return this.#names.has(poolName) || this.#names.has(poolName.replace(/ https?:.*$/, ''));
  }

  #openFailed(poolName: string, { attempts, phase, address, code, message }: ConnectError): void {
    if (attempts > 1) return;
    const details = { phase, address, code, error: withoutSecrets(message) };
    this.#write('warn', poolName, 'cannot connect', details);
  }

  #recovered(poolName: string, outageMs: number, attempts: number): void {
    const told = this.#told.get(poolName);
    if (told !== undefined) this.#tellBreaker(poolName, told, undefined);
    this.#write('info', poolName, 'connected again', { outageMs, attempts });
  }

  #lookLater(): void {
    this.#look.ringBy(this.#clock.now() + lookEveryMs);
  }

  #lookAtAll(): void {
    const before = this.#told;
    this.#told = new Map();
    for (const pool of this.#pools) {
      const stats = pool.stats();
      for (const engine of 'origins' in stats ? stats.origins : [stats]) {
        const told = before.get(engine.name) ?? { breakerOpen: false, nearExhaustion: false, fullLooks: 0 };
        this.#told.set(engine.name, told);
        this.#tellBreaker(engine.name, told, engine.outage);
        this.#tellExhaustion(engine, told);
      }
    }
    this.#lookLater();
  }

  #tellBreaker(poolName: string, told: Told, outage: OutageInfo | undefined): void {
    const isOpen = outage?.breakerOpen === true;
    if (told.breakerOpen === isOpen) return;
    told.breakerOpen = isOpen;
    if (!isOpen) {
      this.#write('info', poolName, 'breaker closed', {});
      return;
    }
    const { ageMs: outageMs, attempts, error } = outage;
    const details = { outageMs, attempts, error: withoutSecrets(error.message) };
    this.#write('error', poolName, 'breaker open', details);
  }

  #tellExhaustion({ name, max, leased, detached, waiting }: PoolStats, told: Told): void {
    const isFull = leased + detached >= max && waiting > 0;
    told.fullLooks = isFull ? told.fullLooks + 1 : 0;
    const isNear = told.fullLooks >= looksToTell;
    // Once told, it is over when nobody waits any more.
    if (told.nearExhaustion ? waiting > 0 : !isNear) return;
    told.nearExhaustion = !told.nearExhaustion;
    if (isNear) this.#write('warn', name, 'near exhaustion', { leased, max, waiting });
    else this.#write('info', name, 'room again', { leased, max, waiting });
  }

  #write(level: Level, pool: string, what: string, details: object): void {
    const leftOut = this.#limit.take(`${pool} ${what}`, this.#clock.now());
    if (leftOut === undefined) return;
    const counted = leftOut === 0 ? {} : { leftOut };
    try {
      this.#logger[level]({ pool, ...details, ...counted }, `pool "${pool}": ${what}`);
    } catch (error) {
      process.emitWarning(`the logger threw: ${String(error)}`, { type: 'OpenlineWarning' });
    }
  }
}

/** The message of a driver may show the URL that it was given. */
function withoutSecrets(text: string): string {
  return text
    .replace(/:\/\/[^\s/@]*@/g, '://***@')
    .replace(/\b(password|passwd|pwd|secret|token)(["']?\s*[=:]\s*)[^\s&;,]+/gi, '$1$2***');
}
