// Few and useful lines in the user's own log: outages, the breaker, leaks, dirty returns, pools near exhaustion. Never one per query.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  AcquireTimeoutError,
  type Clock,
  type ConnectError,
  channelNames,
  type PoolObserver,
  type PoolStatus,
  systemClock,
  withoutSecrets,
} from '../core/index.ts';
import { ExhaustionLook, type LoggedPool } from './exhaustion.ts';
import { LogLimit } from './log-limit.ts';

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

type Level = keyof Logger;
type EventOf<Name extends keyof PoolObserver> = Parameters<NonNullable<PoolObserver[Name]>>[0];
type Handlers = { readonly [Name in keyof PoolObserver]: (event: EventOf<Name>) => void };

/**
 * Writes to a log what happens to pools, in at most five lines a minute of each kind from each pool; the next line tells how many were left out (`leftOut`).
 *
 * | level | line | when |
 * |---|---|---|
 * | warn | `cannot connect` | an outage has begun |
 * | error | `breaker open` | it has outlasted the acquire timeout: callers are turned away at once |
 * | info | `breaker closed` | callers are let in again |
 * | info | `connected again` | the first open after the outage |
 * | warn | `lease overdue` | a lease lasts longer than `leakThresholdMs` |
 * | info | `overdue lease returned` | it has ended after all |
 * | warn | `lease leaked` | a lease was garbage-collected and had not ended |
 * | warn | `dirty return` | a lease left something behind, such as an open transaction |
 * | warn | `acquire timed out` | a caller waited in vain |
 * | warn | `near exhaustion` | full, and callers waiting, for 5 s |
 * | info | `room again` | no longer |
 *
 * The last two but one carry the `diagnosis` of `openline/insight`, where it has one.
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
  pools: readonly LoggedPool[],
  logger: Logger,
  { clock = systemClock }: LogOptions = {},
): Disposable {
  const log = new PoolLog(pools, logger, clock);
  log.start();
  return { [Symbol.dispose]: () => log.stop() };
}

class PoolLog {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #names: ReadonlySet<string>;
  readonly #limit = new LogLimit();
  readonly #exhaustion: ExhaustionLook;
  readonly #subscriptions: [channel: string, listener: (event: unknown) => void][] = [];

  constructor(pools: readonly LoggedPool[], logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
    this.#names = new Set(pools.map((pool) => pool.stats().name));
    this.#exhaustion = new ExhaustionLook(pools, clock, (status, isNear, diagnosis) =>
      this.#exhausted(status, isNear, diagnosis),
    );
  }

  start(): void {
    const handlers: Handlers = {
      openFailed: ({ poolName, error }) => this.#openFailed(poolName, error),
      breakerOpened: ({ poolName, outageMs, attempts, error }) =>
        this.#write('error', poolName, 'breaker open', {
          outageMs,
          attempts,
          error: withoutSecrets(error.message),
        }),
      breakerClosed: ({ poolName, reason, openMs, outageMs, attempts }) =>
        this.#write('info', poolName, 'breaker closed', { reason, openMs, outageMs, attempts }),
      recovered: ({ poolName, outageMs, attempts }) =>
        this.#write('info', poolName, 'connected again', { outageMs, attempts }),
      leaseOverdue: ({ poolName, connectionId, ageMs, place }) =>
        this.#write('warn', poolName, 'lease overdue', { connectionId, ageMs, place }),
      overdueReturned: ({ poolName, connectionId, heldMs, place }) =>
        this.#write('info', poolName, 'overdue lease returned', { connectionId, heldMs, place }),
      leaseLeaked: ({ poolName, connectionId, ageMs, place }) =>
        this.#write('warn', poolName, 'lease leaked', { connectionId, ageMs, place }),
      dirtyReturn: ({ poolName, connectionId, what, place }) =>
        this.#write('warn', poolName, 'dirty return', { connectionId, what, place }),
      timedOut: ({ poolName, waitedMs, error }) =>
        this.#write('warn', poolName, 'acquire timed out', {
          waitedMs,
          error: withoutSecrets(error.message),
          ...diagnosed(error instanceof AcquireTimeoutError ? error.diagnosis : undefined),
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
    this.#exhaustion.start();
  }

  stop(): void {
    this.#exhaustion.stop();
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

  #exhausted(status: PoolStatus, isNear: boolean, diagnosis: string | undefined): void {
    const { name, leased, max, waiting } = status;
    const details = { leased, max, waiting, ...diagnosed(diagnosis) };
    if (isNear) this.#write('warn', name, 'near exhaustion', details);
    else this.#write('info', name, 'room again', details);
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

/** It may quote the failure of an open. */
function diagnosed(diagnosis: string | undefined): { readonly diagnosis?: string } {
  return diagnosis === undefined ? {} : { diagnosis: withoutSecrets(diagnosis) };
}
