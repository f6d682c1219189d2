// Lets callers in: each is lent a connection on the spot, is refused, or waits in the queue.

import { type Clock, type Moment, momentFor } from './clock.ts';
import type { Deadlines } from './deadlines.ts';
import type { Demand } from './demand.ts';
import type { Dispatcher, DispatcherParts } from './dispatcher.ts';
import { PoolClosedError, QueueFullError } from './errors.ts';
import type { LeaseMode } from './holder.ts';
import type { Lease } from './lease.ts';
import type { Lending } from './lending.ts';
import type { NestingGuard } from './nesting.ts';
import { type AcquireOptions, checkAcquire } from './options.ts';
import type { Parts } from './parts.ts';
import { placeBudget } from './place.ts';
import { deadlines, isTooLate, requestDeadline } from './request-deadline.ts';
import type { SlotTable } from './slot.ts';
import type { Turnaround } from './turnaround.ts';
import { Abortion, type Taker, TakerWaiter, Waiter, type WaiterTerms, type Waiting } from './waiter.ts';

/** What the entrance works with. */
export interface EntranceParts<C> extends DispatcherParts<C> {
  readonly nesting: NestingGuard;
  readonly dispatcher: Dispatcher<C>;
}

// Constants of this module: they are compiled into the code of every acquire, as what is imported is not.
const places = placeBudget;
const requestDeadlines = deadlines;

// One executor for all promises: its closure would otherwise be made, and kept, for each waiter.
let capturedResolve: unknown;
function captureResolve(resolve: unknown): void {
  capturedResolve = resolve;
}

/** Where callers come in. */
export class Entrance<C> {
  readonly #parts: Parts<C>;
  // Taken out of the parts, since every caller passes through them.
  readonly #clock: Clock;
  readonly #slots: SlotTable<C>;
  readonly #lending: Lending<C>;
  readonly #turnaround: Turnaround<C>;
  readonly #demand: Demand<C>;
  readonly #deadlines: Deadlines<C>;
  readonly #nesting: NestingGuard;
  readonly #dispatcher: Dispatcher<C>;
  /** The terms of those who wait with no wishes of their own. */
  readonly #usualTerms: WaiterTerms<C>;

  constructor({ parts, lending, turnaround, demand, deadlines, nesting, dispatcher }: EntranceParts<C>) {
    this.#parts = parts;
    this.#clock = parts.clock;
    this.#slots = parts.slots;
    this.#lending = lending;
    this.#turnaround = turnaround;
    this.#demand = demand;
    this.#deadlines = deadlines;
    this.#nesting = nesting;
    this.#dispatcher = dispatcher;
    const timeoutMs = parts.options.acquireTimeoutMs;
    this.#usualTerms = {
      timeoutMs,
      requestTimeoutMs: undefined,
      place: undefined,
      abortion: undefined,
      granted: undefined,
      holdsAlready: false,
      claim: undefined,
      expectedMs: 0,
      ended: undefined,
    };
    const now = parts.clock.turnNow();
    const taker: Taker<C> = { granted() {}, refused() {} };
    parts.models.push(
      new Waiter<C>(captureResolve, now, 0, this.#usualTerms),
      new TakerWaiter<C>(taker, 'exclusive', this.#leave, now, 0, this.#usualTerms),
    );
  }

  // One function with its rare ways: V8 compiles so long a one by itself and whole. The shortest way alone it would compile into
  // its caller piece by piece, as far as that has room, and a piece left out costs as much as all of it.
  /** A connection that is there is lent on the spot; everybody else waits. */
  acquire(options: AcquireOptions | undefined): Promise<Lease<C>> {
    const parts = this.#parts;
    if (options === undefined && !parts.marksCallers && !requestDeadlines.inUse) {
      const lease = this.#lendAtOnce(this.acquire);
      if (lease !== undefined) return Promise.resolve(lease);
      const waiting = this.#joinQueue();
      if (waiting !== undefined) return waiting;
    }
    let given = parts.options.acquireTimeoutMs;
    try {
      if (options !== undefined) given = checkAcquire(parts.name, options) ?? given;
      if (parts.isClosing) throw new PoolClosedError(parts.name);
      options?.signal?.throwIfAborted();
    } catch (error) {
      return Promise.reject(error);
    }
    const deadline = this.#deadlineOf(given);
    if (deadline instanceof Error) return Promise.reject(deadline);
    const { timeoutMs, requestTimeoutMs } = deadline;
    const mode = options?.mode ?? 'exclusive';
    const now = momentFor(timeoutMs, this.#clock);
    const holdsAlready = parts.marksCallers && this.#nesting.holdsAlready;
    const granted = parts.marksCallers ? this.#nesting.mark() : undefined;
    // Whoever may not wait is not held back.
    const mayWait = mode === 'exclusive' && timeoutMs > 0 && parts.options.maxWaiters > 0;
    const expectedMs = mayWait ? (options?.expectedMs ?? 0) : 0;
    if (parts.waiting === 0 && !parts.isHalted && !this.#dispatcher.spacing.holdsBack(expectedMs, now)) {
      const lease = this.#lendNow(mode, options?.claim, now, this.acquire);
      if (lease !== undefined) {
        this.#dispatcher.spacing.begins(expectedMs, now);
        granted?.(lease);
        return Promise.resolve(lease);
      }
    }
    const refusal = this.#refusal(timeoutMs, now.ms);
    if (refusal !== undefined) return Promise.reject(refusal);
    if (holdsAlready) parts.measures.nested++;
    const place = places.capture(now, this.acquire, parts);
    const common = this.#termsOf(timeoutMs, requestTimeoutMs, place, granted, holdsAlready);
    if (options === undefined) return this.#wait(mode, now, common);
    return this.#wait(mode, now, { ...common, timeoutMs, claim: options.claim, expectedMs }, options.signal);
  }

  /** The shortest way to an exclusive lease: nobody waits, and the connection used last needs no validation. */
  // biome-ignore lint/complexity/noBannedTypes: any function at all may stand in a stack.
  #lendAtOnce(below: Function): Lease<C> | undefined {
    const parts = this.#parts;
    if (parts.waiting > 0 || parts.isHalted) return undefined;
    const { idle } = this.#slots;
    const slot = idle.pop();
    if (slot === undefined) return undefined;
    const now = this.#clock.turnNow();
    if (parts.asksBeforeLending && this.#turnaround.isDoubtful(slot, now)) {
      idle.push(slot);
      return undefined;
    }
    return this.#lending.alone(slot, now, 0, places.capture(now, below, parts));
  }

  /** The shortest way into the queue, on the usual terms: others stand there, and nothing speaks against one more. */
  #joinQueue(): Promise<Lease<C>> | undefined {
    const parts = this.#parts;
    const terms = this.#usualTerms;
    const { waiting } = parts;
    if (waiting === 0 || waiting >= parts.options.maxWaiters) return undefined;
    if (parts.isHalted || parts.outage.since !== undefined || terms.timeoutMs === 0) return undefined;
    const now = momentFor(terms.timeoutMs, this.#clock);
    const place = places.capture(now, this.acquire, parts);
    return this.#wait('exclusive', now, place === undefined ? terms : { ...terms, place });
  }

  /** Lends what can be lent at once; nothing when a caller waits already. */
  tryAcquire(mode: LeaseMode, claim: unknown): Lease<C> | undefined {
    if (requestDeadlines.inUse && isTooLate() && !this.#parts.isClosing) return undefined;
    if (mode === 'exclusive') {
      const lease = this.#lendAtOnce(this.tryAcquire);
      if (lease !== undefined) return lease;
    }
    const parts = this.#parts;
    if (parts.isClosing) throw new PoolClosedError(parts.name);
    if (parts.waiting > 0 || parts.isHalted) return undefined;
    return this.#lendNow(mode, claim, this.#clock.turnNow(), this.tryAcquire);
  }

  /**
   * {@link acquire} for one who is told in the same turn, without a promise: by the time that it returns, if it returns nothing.
   *
   * @param below - the function whose callers are the place of the lease
   * @param frames - kept of that place's stack
   */
  // biome-ignore lint/complexity/noBannedTypes: any function at all may stand in a stack.
  acquireFor(taker: Taker<C>, mode: LeaseMode, below: Function, frames: number): Waiting | undefined {
    const parts = this.#parts;
    if (parts.isClosing) return this.#refuse(taker, new PoolClosedError(parts.name));
    const terms = this.#deadlineOf(parts.options.acquireTimeoutMs);
    if (terms instanceof Error) return this.#refuse(taker, terms);
    const { timeoutMs, requestTimeoutMs } = terms;
    const now = momentFor(timeoutMs, this.#clock);
    const holdsAlready = parts.marksCallers && this.#nesting.holdsAlready;
    const granted = parts.marksCallers ? this.#nesting.mark() : undefined;
    const place = places.capture(now, below, parts, frames);
    if (parts.waiting === 0 && !parts.isHalted) {
      const slot = this.#dispatcher.take(mode, undefined, now);
      if (slot !== undefined) {
        const lease = this.#lending.lend(mode, slot, now, 0, place);
        granted?.(lease);
        taker.granted(lease);
        return undefined;
      }
    }
    const refusal = this.#refusal(timeoutMs, now.ms);
    if (refusal !== undefined) return this.#refuse(taker, refusal);
    if (holdsAlready) parts.measures.nested++;
    const waiter = new TakerWaiter<C>(
      taker,
      mode,
      this.#leave,
      now,
      ++parts.turns.last,
      this.#termsOf(timeoutMs, requestTimeoutMs, place, granted, holdsAlready),
    );
    this.#dispatcher.enqueue(waiter, mode);
    return waiter;
  }

  /** Those that all share, unless this one differs. */
  #termsOf(
    timeoutMs: number,
    requestTimeoutMs: number | undefined,
    place: WaiterTerms<C>['place'],
    granted: WaiterTerms<C>['granted'],
    holdsAlready: boolean,
  ): WaiterTerms<C> {
    if (requestTimeoutMs === undefined && place === undefined && granted === undefined)
      return this.#usualTerms;
    return {
      ...this.#usualTerms,
      timeoutMs,
      requestTimeoutMs,
      place,
      granted,
      holdsAlready,
    };
  }

  readonly #leave = (waiter: Waiter<C>, mode: LeaseMode, reason: unknown): void =>
    this.#abort(waiter, mode, reason);

  #refuse(taker: Taker<C>, error: unknown): undefined {
    taker.refused(error);
  }

  /** The deadline of an acquire from what it was given: less where `withDeadline` leaves less, and an error where it leaves nothing. */
  #deadlineOf(
    timeoutMs: number,
  ): { readonly timeoutMs: number; readonly requestTimeoutMs: number | undefined } | Error {
    const deadline = requestDeadline();
    if (deadline === undefined) return { timeoutMs, requestTimeoutMs: undefined };
    const { leftMs } = deadline;
    if (leftMs <= 0) return this.#deadlines.tooLate(deadline.timeoutMs, this.#clock.now());
    return leftMs < timeoutMs
      ? { timeoutMs: leftMs, requestTimeoutMs: deadline.timeoutMs }
      : { timeoutMs, requestTimeoutMs: undefined };
  }

  #wait(mode: LeaseMode, now: Moment, terms: WaiterTerms<C>, signal?: AbortSignal): Promise<Lease<C>> {
    const promise = new Promise<Lease<C>>(captureResolve);
    const resolve = capturedResolve as Waiter<C>['resolve'];
    // It would keep the promise, and so the lease, from being collected.
    capturedResolve = undefined;
    const waiter = new Waiter<C>(resolve, now, ++this.#parts.turns.last, terms);
    if (signal !== undefined) waiter.terms = { ...terms, abortion: this.#listen(signal, waiter, mode) };
    this.#dispatcher.enqueue(waiter, mode);
    return promise;
  }

  // Apart, since a closure would cost each caller that waits its variables, whether it has a signal or not.
  #listen(signal: AbortSignal, waiter: Waiter<C>, mode: LeaseMode): Abortion {
    return new Abortion(signal, () => this.#abort(waiter, mode, signal.reason));
  }

  /** Why a caller that cannot be served at once may not even wait. */
  #refusal(timeoutMs: number, now: number): Error | undefined {
    const { outage, options, waiting } = this.#parts;
    if (outage.since === undefined && timeoutMs > 0 && waiting < options.maxWaiters) return undefined;
    return this.#refusalInNeed(timeoutMs, now);
  }

  #refusalInNeed(timeoutMs: number, now: number): Error | undefined {
    const parts = this.#parts;
    const outage = this.#demand.callerCame(now);
    if (outage !== undefined || timeoutMs === 0) this.#demand.grow(now);
    if (outage !== undefined) return outage;
    if (timeoutMs === 0) return this.#deadlines.atOnce(now);
    if (parts.waiting < parts.options.maxWaiters) return undefined;
    parts.measures.refused++;
    // As many wait as ever may: whoever looks into that wants to know who holds the connections, as after a timeout.
    places.favour(parts, now);
    const { name, options } = parts;
    return new QueueFullError(name, options.maxWaiters, parts.counts(), parts.whyOthersWait());
  }

  // biome-ignore lint/complexity/noBannedTypes: any function at all may stand in a stack.
  #lendNow(mode: LeaseMode, claim: unknown, now: Moment, below: Function): Lease<C> | undefined {
    const slot = this.#dispatcher.take(mode, claim, now);
    return slot === undefined
      ? undefined
      : this.#lending.lend(mode, slot, now, 0, places.capture(now, below, this.#parts));
  }

  #abort(waiter: Waiter<C>, mode: LeaseMode, reason: unknown): void {
    const { clock, measures, observers, name } = this.#parts;
    const queue = mode === 'exclusive' ? this.#parts.exclusive : this.#parts.shared;
    // Its end came first, and an observer of that aborts the signal before it is let go.
    if (!queue.has(waiter)) return;
    queue.remove(waiter);
    measures.aborted++;
    waiter.refuse(reason);
    observers.tell('aborted', { poolName: name, waitedMs: clock.now() - waiter.enqueuedAt });
    this.#dispatcher.afterLeaving();
  }
}
