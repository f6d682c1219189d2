// The pool as its users see it: lending, and the few levers of its life.

import { Changes } from './changes.ts';
import { Closer } from './closer.ts';
import type { Connector } from './connector.ts';
import { Deadlines } from './deadlines.ts';
import { Demand } from './demand.ts';
import { Dispatcher } from './dispatcher.ts';
import { Entrance } from './entrance.ts';
import { InvalidOptionsError, PoolClosedError, type PoolCounts } from './errors.ts';
import { Explanations } from './explainer.ts';
import type { HolderInfo, LeaseMode } from './holder.ts';
import { Leaks } from './leaks.ts';
import type { Lease } from './lease.ts';
import { Lending } from './lending.ts';
import { Lifecycle } from './lifecycle.ts';
import { Maintainer } from './maintainer.ts';
import { Membership } from './membership.ts';
import { NestingGuard } from './nesting.ts';
import { OldLeases } from './old-leases.ts';
import { Opener } from './opener.ts';
import {
  type AcquireOptions,
  checkSize,
  checkTimeout,
  type PoolOptions,
  resolveOptions,
  warnOfSeconds,
} from './options.ts';
import { Parts } from './parts.ts';
import {
  type CloseReport,
  type ConnectionInfo,
  connectionsOf,
  holdersOf,
  type PoolStats,
  type PoolStatus,
  requestsOf,
  statusOf,
} from './status.ts';
import { Turnaround } from './turnaround.ts';
import type { Taker, Waiting } from './waiter.ts';

const closeTimeoutMs = 10_000;

/**
 * Connections opened once and lent many times. Made by {@link createPool}.
 *
 * @example
 * ```ts
 * const pool = createPool({ open: async () => connectSomewhere() }, { max: 5 });
 * const answer = await pool.use((connection) => connection.ask('question'));
 * await pool.close();
 * ```
 */
export class Pool<C> {
  readonly #parts: Parts<C>;
  readonly #entrance: Entrance<C>;
  readonly #dispatcher: Dispatcher<C>;
  readonly #turnaround: Turnaround<C>;
  readonly #maintainer: Maintainer<C>;
  readonly #lifecycle: Lifecycle<C>;
  #closing: Promise<CloseReport> | undefined;

  /**
   * @internal
   * @param opensMin - whether it opens `min` connections now; else with the first caller
   */
  constructor(connector: Connector<C>, options: PoolOptions<C> | undefined, opensMin = true) {
    const parts = new Parts(connector, resolveOptions(options));
    if (typeof (connector as Connector<C> | undefined)?.open !== 'function') {
      throw new InvalidOptionsError(parts.name, [
        { option: 'connector', problem: 'has no open(): give { open: async () => connection }' },
      ]);
    }
    // Some of the workings call each other: what is not there yet is reached through the pool, once it is.
    const dispatch = (): void => this.#dispatcher.dispatch();
    const lookBy = (at: number): void => this.#maintainer.lookBy(at);
    const nesting = new NestingGuard(parts);
    const changes = new Changes(parts.clock);
    const closer = new Closer(parts, () => {
      // In an outage the last live connection may have been all that served.
      if (parts.outage.since !== undefined) parts.breaker.look(parts.clock.now());
      changes.tell();
      dispatch();
      parts.membership?.settle();
    });
    const turnaround = new Turnaround(parts, closer, lookBy);
    const opener = new Opener(parts, closer, {
      began: () => this.#maintainer.start(),
      opened: (slot) => {
        const now = parts.clock.turnNow();
        turnaround.ready(slot, now);
        // An open that has ended makes room for the next, also where nobody waits for it.
        if (parts.slots.live < parts.min) demand.grow(now.ms);
      },
      lost: (slot, error) => turnaround.lost(slot, error),
      // Those who counted on the ends of its leases need another connection.
      retired: (slot) => void (turnaround.retired(slot) && dispatch()),
      failed: (error, retryable) => {
        // While live connections serve, those who wait are better off with them than with the error.
        if (!retryable && parts.slots.live === 0) this.#dispatcher.refuseAll(error);
        else dispatch();
      },
    });
    const demand: Demand<C> = new Demand(parts, opener, dispatch);
    const deadlines = new Deadlines(parts, nesting, () => this.#dispatcher.afterLeaving());
    const oldLeases = new OldLeases<C>((old) => leaks.collected(old));
    const lending: Lending<C> = new Lending(parts, turnaround, oldLeases, (slot) =>
      this.#dispatcher.shareEnded(slot),
    );
    // Those who counted on the end of a condemned lease need another connection.
    const leaks: Leaks<C> = new Leaks(parts, oldLeases, lending, { lookBy, condemned: dispatch });
    const maintainer = new Maintainer({ parts, turnaround, demand, nesting, leaks });
    const working = { parts, lending, turnaround, demand, deadlines };
    const dispatcher = new Dispatcher(working);
    turnaround.offered = dispatcher;
    this.#parts = parts;
    this.#turnaround = turnaround;
    this.#maintainer = maintainer;
    this.#dispatcher = dispatcher;
    this.#entrance = new Entrance({ ...working, nesting, dispatcher });
    this.#lifecycle = new Lifecycle({ ...working, changes, opener, dispatcher, maintainer, leaks });
    const { budget, explainer } = parts.options;
    if (explainer !== undefined) parts.explanations = new Explanations(explainer, this, parts.clock);
    if (budget !== undefined)
      parts.membership = new Membership(budget, parts, turnaround, demand, dispatcher);
    if (opensMin && parts.min > 0) dispatch();
  }

  /** The pool's name. */
  get name(): string {
    return this.#parts.name;
  }

  /**
   * Resolves with a lease, which must be ended once.
   *
   * @throws (rejects) {@link AcquireTimeoutError} at the deadline, {@link QueueFullError}, {@link PoolClosedError}, {@link ConnectError}
   * when no open can succeed, {@link InvalidOptionsError}, or the signal's own reason.
   */
  acquire(options?: AcquireOptions): Promise<Lease<C>> {
    return this.#entrance.acquire(options);
  }

  /**
   * {@link acquire} for adapters whose every turn counts: the taker is told in the very turn in which the acquire ends, without a promise,
   * and must not throw. It waits for the pool's `acquireTimeoutMs`.
   *
   * @internal
   * @param below - the function whose callers are the place of the lease
   * @param frames - kept of that place's stack
   * @returns what lets it leave the queue; nothing when it has ended already.
   */
  // biome-ignore lint/complexity/noBannedTypes: any function at all may stand in a stack.
  acquireFor(taker: Taker<C>, mode: LeaseMode, below: Function, frames: number): Waiting | undefined {
    return this.#entrance.acquireFor(taker, mode, below, frames);
  }

  /**
   * Lends on the spot what needs neither validation nor an open; `undefined` when there is nothing, or when a caller waits already.
   *
   * @throws {@link PoolClosedError}
   */
  tryAcquire(mode: LeaseMode = 'exclusive', claim?: unknown): Lease<C> | undefined {
    return this.#entrance.tryAcquire(mode, claim);
  }

  /**
   * Runs `work` with a connection and gives it back however `work` ends; after an error that has killed the connection
   * (the connector's `isFatal`), it is closed instead.
   *
   * @throws (rejects) what `work` throws, or what {@link acquire} rejects with.
   */
  async use<T>(
    work: (connection: C, lease: Lease<C>) => T | Promise<T>,
    options?: AcquireOptions,
  ): Promise<T> {
    const lease = await this.acquire(options);
    try {
      return await work(lease.connection, lease);
    } catch (error) {
      if (!lease.ended && this.#parts.connector.isFatal?.(error, lease.connection) === true)
        lease.discard(error);
      throw error;
    } finally {
      lease[Symbol.dispose]();
    }
  }

  /**
   * Changes `max` or `min` or both. Idle connections too many are closed now, lent ones when they come back.
   *
   * @throws {@link InvalidOptionsError}
   */
  resize(size: { readonly max?: number; readonly min?: number }): void {
    const parts = this.#parts;
    const { max, min } = checkSize(parts.name, size, parts);
    parts.max = max;
    parts.min = min;
    while (parts.slots.staying > max && parts.slots.idle.length > 0)
      this.#turnaround.evict(parts.slots.idle[0]!, 'shrunk');
    this.#maintainer.start();
    this.#dispatcher.dispatch();
  }

  /**
   * Replaces every connection: idle ones one after another, each closed when its successor is open (where `max` leaves no
   * room: just before); lent ones when they come back. Resolves when the idle ones are replaced.
   *
   * @param options - `immediate`: closes all idle ones at once, as when they lead to the wrong server
   * @throws (rejects) {@link ConnectError} when a successor cannot be opened: the idle ones that are left go on serving.
   */
  refresh({ immediate = false }: { readonly immediate?: boolean } = {}): Promise<void> {
    return this.#lifecycle.refresh(immediate);
  }

  /** Lends nothing and opens nothing until {@link resume}; leases under way go on, callers wait. */
  suspend(): void {
    if (this.#parts.state === 'running') this.#parts.state = 'suspended';
  }

  /** Ends {@link suspend}. */
  resume(): void {
    if (this.#parts.state !== 'suspended') return;
    this.#parts.state = 'running';
    this.#dispatcher.dispatch();
  }

  /**
   * Resolves when `n` connections are open, so that the first callers find them.
   *
   * @throws (rejects) {@link ConnectError} of the first open that fails, {@link InvalidOptionsError} when `n` is above `max`, {@link PoolClosedError}.
   */
  warm(n: number): Promise<void> {
    return this.#lifecycle.warm(n);
  }

  /**
   * Closes the pool: callers in the queue are refused, idle connections closed, leases waited for, except those that were proven lost: their
   * connections are closed when nothing has been under way on them for a second. When the time is over, the connections still lent are closed
   * under their holders. Resolves when every socket is closed, or has been given a second for it.
   * A second call waits for the first.
   *
   * @param options - `timeoutMs`: how long leases are waited for; default 10,000; 0: not at all; `Infinity`: as long as it takes
   * @returns who still held what.
   */
  close(options: { readonly timeoutMs?: number } = {}): Promise<CloseReport> {
    if (this.#closing === undefined) {
      const timeoutMs =
        options.timeoutMs === undefined ? closeTimeoutMs : checkTimeout(this.name, options.timeoutMs);
      this.#closing = this.#lifecycle.close(timeoutMs);
    }
    return this.#closing;
  }

  /** The pool now: counts, totals, times, and the outage under way. */
  stats(): PoolStats {
    return { ...this.status(), times: this.#parts.measures.times() };
  }

  /** {@link stats} without the times, whose histograms are copied: for those who look at many pools, or often. */
  status(): PoolStatus {
    return statusOf(this.#parts);
  }

  /** The counts alone: cheaper than {@link stats}. */
  counts(): PoolCounts {
    return this.#parts.counts();
  }

  /** Who has a lease now, the longest first. */
  holders(): HolderInfo[] {
    return holdersOf(this.#parts, this.#parts.clock.now());
  }

  /** Every connection now, in the order of their opening. */
  connections(): ConnectionInfo[] {
    return connectionsOf(this.#parts);
  }

  /**
   * What is under way on lent connections, by their numbers, in the words of the requests (for PostgreSQL the text of the statement, without its
   * values). Texts may hold what nobody else should read: nothing of Openline tells them unless it is asked for them.
   */
  requests(): ReadonlyMap<number, string> {
    return requestsOf(this.#parts);
  }
}

/**
 * Makes a pool.
 *
 * @param connector - how to open, check and close a connection; `{ open: async () => thing }` is enough
 * @throws {@link InvalidOptionsError} with every fault in the options.
 */
export function createPool<C>(connector: Connector<C>, options?: PoolOptions<C>): Pool<C> {
  const pool = new Pool(connector, options);
  warnOfSeconds(pool.name, options ?? {});
  return pool;
}
