// Matches those who want a connection with the connections, in order of arrival.

import type { Clock, Moment } from './clock.ts';
import type { Deadlines } from './deadlines.ts';
import type { Demand } from './demand.ts';
import { PoolClosedError, QueueFullError } from './errors.ts';
import type { LeaseMode } from './holder.ts';
import type { Lease } from './lease.ts';
import type { Lending } from './lending.ts';
import type { NestingGuard } from './nesting.ts';
import type { Observers } from './observer.ts';
import { type AcquireOptions, checkAcquire } from './options.ts';
import type { Parts } from './parts.ts';
import { placeBudget } from './place.ts';
import { leastLoaded, type Placement, PoolLines } from './placement.ts';
import { deadlines, isTooLate, requestDeadline } from './request-deadline.ts';
import { type Slot, type SlotTable, State } from './slot.ts';
import { Spacing } from './spacing.ts';
import type { Turnaround } from './turnaround.ts';
import {
  Abortion,
  type Taker,
  TakerWaiter,
  Waiter,
  type WaiterQueue,
  type WaiterTerms,
  type Waiting,
} from './waiter.ts';

/** Shorter deadlines count from a fresh reading of the clock; to longer ones the age of the turn's reading makes no difference. */
const freshBelowMs = 10_000;
/** A waiting exclusive lease is overtaken by no more shared ones than this. */
const mostOvertakes = 40;

/** What the dispatcher works with. */
export interface DispatcherParts<C> {
  readonly parts: Parts<C>;
  readonly lending: Lending<C>;
  readonly turnaround: Turnaround<C>;
  readonly demand: Demand<C>;
  readonly deadlines: Deadlines<C>;
  readonly nesting: NestingGuard;
}

// One executor for all promises: its closure would otherwise be made, and kept, for each waiter.
let capturedResolve: unknown;
function captureResolve(resolve: unknown): void {
  capturedResolve = resolve;
}

/** Decides who gets which connection, and who waits. */
export class Dispatcher<C> {
  readonly #parts: Parts<C>;
  // Taken out of the parts, since every lease passes through them.
  readonly #clock: Clock;
  readonly #slots: SlotTable<C>;
  readonly #lending: Lending<C>;
  readonly #observers: Observers<C>;
  readonly #turnaround: Turnaround<C>;
  readonly #demand: Demand<C>;
  readonly #deadlines: Deadlines<C>;
  readonly #nesting: NestingGuard;
  /** The terms of those who wait with no wishes of their own. */
  readonly #usualTerms: WaiterTerms<C>;
  readonly #lines: PoolLines<C>;
  readonly #place: Placement<C>;
  readonly #sharesFirst: boolean;
  readonly #spacing: Spacing<C>;
  /** The line that empties for the exclusive lease at the head of the queue. */
  #reserved: Slot<C> | undefined;
  /** The line that has emptied for it. */
  #emptied: Slot<C> | undefined;

  constructor({ parts, lending, turnaround, demand, deadlines, nesting }: DispatcherParts<C>) {
    this.#parts = parts;
    this.#clock = parts.clock;
    this.#slots = parts.slots;
    this.#lending = lending;
    this.#observers = parts.observers;
    this.#turnaround = turnaround;
    this.#demand = demand;
    this.#deadlines = deadlines;
    this.#nesting = nesting;
    this.#lines = new PoolLines(parts, () => this.#freshest(this.#clock.turnNow()));
    this.#place = parts.connector.place?.bind(parts.connector) ?? leastLoaded;
    this.#sharesFirst = parts.connector.sharesFirst === true;
    this.#spacing = new Spacing(parts, () => this.dispatch());
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
    };
  }

  /** A connection that is there is lent on the spot; everybody else waits. */
  acquire(options: AcquireOptions | undefined): Promise<Lease<C>> {
    if (options === undefined && !this.#nesting.marks && !deadlines.inUse) {
      const lease = this.#lendAtOnce(this.acquire);
      if (lease !== undefined) return Promise.resolve(lease);
    }
    return this.#acquireOrWait(options);
  }

  /** The shortest way to an exclusive lease: nobody waits, and the connection used last needs no validation. */
  // biome-ignore lint/complexity/noBannedTypes: any function at all may stand in a stack.
  #lendAtOnce(below: Function): Lease<C> | undefined {
    const parts = this.#parts;
    if (parts.waiting > 0 || parts.state !== 'running') return undefined;
    const { idle } = this.#slots;
    if (idle.length === 0) return undefined;
    const slot = idle[idle.length - 1]!;
    const now = this.#clock.turnNow();
    if (this.#turnaround.isDoubtful(slot, now)) return undefined;
    idle.pop();
    return this.#lending.alone(slot, now, 0, placeBudget.capture(now, below));
  }

  /** Lends what can be lent at once; nothing when a caller waits already. */
  tryAcquire(mode: LeaseMode, claim: unknown): Lease<C> | undefined {
    if (deadlines.inUse && isTooLate() && !this.#parts.isClosing) return undefined;
    if (mode === 'exclusive') {
      const lease = this.#lendAtOnce(this.tryAcquire);
      if (lease !== undefined) return lease;
    }
    const parts = this.#parts;
    if (parts.isClosing) throw new PoolClosedError(parts.name);
    if (parts.waiting > 0 || parts.state !== 'running') return undefined;
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
    const now = this.#momentFor(timeoutMs);
    const holdsAlready = this.#nesting.marks && this.#nesting.holdsAlready;
    const granted = this.#nesting.marks ? this.#nesting.mark() : undefined;
    const place = placeBudget.capture(now, below, frames);
    if (parts.waiting === 0 && parts.state === 'running') {
      const slot = mode === 'exclusive' ? this.#takeFresh(now) : this.#lineForShare(undefined);
      if (slot !== undefined) {
        const lease = this.#lending.lend(mode, slot, now, 0, place);
        granted?.(lease);
        taker.granted(lease);
        return undefined;
      }
    }
    const refusal = this.#refusal(timeoutMs, now.ms);
    if (refusal !== undefined) return this.#refuse(taker, refusal);
    const waiter = new TakerWaiter<C>(
      taker,
      mode,
      this.#leave,
      now,
      ++parts.turns.last,
      this.#termsOf(timeoutMs, requestTimeoutMs, place, granted, holdsAlready),
    );
    this.#enqueue(waiter, mode);
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

  #momentFor(timeoutMs: number): Moment {
    return timeoutMs < freshBelowMs ? { ms: this.#clock.now() } : this.#clock.turnNow();
  }

  #acquireOrWait(options: AcquireOptions | undefined): Promise<Lease<C>> {
    const parts = this.#parts;
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
    const now = this.#momentFor(timeoutMs);
    const holdsAlready = this.#nesting.marks && this.#nesting.holdsAlready;
    const granted = this.#nesting.marks ? this.#nesting.mark() : undefined;
    // Whoever may not wait is not held back.
    const mayWait = mode === 'exclusive' && timeoutMs > 0 && parts.options.maxWaiters > 0;
    const expectedMs = mayWait ? (options?.expectedMs ?? 0) : 0;
    if (parts.waiting === 0 && parts.state === 'running' && !this.#spacing.holdsBack(expectedMs, now)) {
      const lease = this.#lendNow(mode, options?.claim, now, this.acquire);
      if (lease !== undefined) {
        this.#spacing.begins(expectedMs, now);
        granted?.(lease);
        return Promise.resolve(lease);
      }
    }
    const refusal = this.#refusal(timeoutMs, now.ms);
    if (refusal !== undefined) return Promise.reject(refusal);
    const promise = new Promise<Lease<C>>(captureResolve);
    const waiter = new Waiter<C>(
      capturedResolve as Waiter<C>['resolve'],
      now,
      ++parts.turns.last,
      this.#usualTerms,
    );
    const place = placeBudget.capture(now, this.acquire);
    const signal = options?.signal;
    if (
      options !== undefined ||
      requestTimeoutMs !== undefined ||
      place !== undefined ||
      granted !== undefined
    ) {
      const abortion = signal === undefined ? undefined : this.#listen(signal, waiter, mode);
      const claim = options?.claim;
      waiter.terms = {
        timeoutMs,
        requestTimeoutMs,
        place,
        abortion,
        granted,
        holdsAlready,
        claim,
        expectedMs,
      };
    }
    this.#enqueue(waiter, mode);
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
    return new QueueFullError(parts.name, parts.options.maxWaiters, parts.counts());
  }

  #enqueue(waiter: Waiter<C>, mode: LeaseMode): void {
    const parts = this.#parts;
    const watched = this.#queue(mode).push(waiter);
    if (watched) this.#deadlines.watch(waiter.deadline);
    if (parts.waiting === 1) this.#deadlines.keepAlive(true);
    if (this.#observers.watchWaiting)
      this.#observers.tell('waiting', { poolName: parts.name, waiting: parts.waiting, mode });
    // A queue that stood already stands because nothing is to be had: only what is new can change that.
    if (this.#slots.idle.length > 0 || this.#slots.size < parts.max || this.#slots.shared.size > 0)
      this.dispatch();
  }

  #queue(mode: LeaseMode): WaiterQueue<C> {
    return mode === 'exclusive' ? this.#parts.exclusive : this.#parts.shared;
  }

  #abort(waiter: Waiter<C>, mode: LeaseMode, reason: unknown): void {
    const { clock, measures, observers, name } = this.#parts;
    const queue = this.#queue(mode);
    // Its end came first, and an observer of that aborts the signal before it is let go.
    if (!queue.has(waiter)) return;
    queue.remove(waiter);
    measures.aborted++;
    waiter.refuse(reason);
    observers.tell('aborted', { poolName: name, waitedMs: clock.now() - waiter.enqueuedAt });
    this.afterLeaving();
  }

  /** Ends every wait with `error`. */
  refuseAll(error: Error): void {
    const { exclusive, shared } = this.#parts;
    const waiters: Waiter<C>[] = [];
    for (const queue of [exclusive, shared]) {
      for (let waiter = queue.shift(); waiter !== undefined; waiter = queue.shift()) waiters.push(waiter);
    }
    for (const waiter of waiters) waiter.refuse(error);
    this.afterLeaving();
  }

  /** Somebody has left the queue unserved: what was kept for them is for the others. */
  afterLeaving(): void {
    if (this.#parts.waiting === 0) this.#queueEmptied();
    this.dispatch();
  }

  #queueEmptied(): void {
    this.#deadlines.keepAlive(false);
    this.#demand.keepAlive(false);
    this.#parts.growth.queueEmptied();
    this.#spacing.queueEmptied();
    this.#unreserve();
  }

  /** Serves whoever can be served, in order, and asks for more connections where that is worth it. */
  dispatch(): void {
    const parts = this.#parts;
    if (parts.state !== 'running') return;
    const now = this.#clock.turnNow();
    this.#turnaround.closeUseless(now.ms);
    if (parts.exclusive.size === 0) this.#unreserve();
    if (parts.shared.size === 0) this.#serveExclusive(now);
    else this.#serveBoth(now);
    if (parts.slots.size < parts.max && !this.#keepsIdle(now)) this.#demand.grow(now.ms);
  }

  /** Whether a connection is there for the exclusive lease at the head of the queue, and is only not lent yet. */
  #keepsIdle(now: Moment): boolean {
    const { head } = this.#parts.exclusive;
    return (
      head !== undefined &&
      this.#freshest(now) !== undefined &&
      this.#spacing.holdsBack(head.terms.expectedMs, now)
    );
  }

  #serveExclusive(now: Moment): void {
    const { exclusive } = this.#parts;
    while (exclusive.head !== undefined) {
      if (this.#spacing.holdsBack(exclusive.head.terms.expectedMs, now)) return;
      const slot = this.#takeFresh(now);
      if (slot === undefined) {
        this.#validateForWaiters();
        this.#reserve();
        return;
      }
      this.#serve(exclusive.head, 'exclusive', slot, now);
    }
  }

  /** With both kinds waiting: whether the connection that is free goes to the exclusive lease. */
  #goesFirst(alone: Waiter<C>, sharing: Waiter<C>): boolean {
    if (sharing.turn < alone.turn) return false;
    return !this.#sharesFirst || this.#parts.max === 1 || sharing.turn - alone.turn > mostOvertakes;
  }

  /** A shared lease may pass an exclusive one whose line is still emptying, or where shares go first. */
  #serveBoth(now: Moment): void {
    const { exclusive, shared } = this.#parts;
    for (;;) {
      const alone = exclusive.head;
      const sharing = shared.head;
      if (alone !== undefined && (sharing === undefined || this.#goesFirst(alone, sharing))) {
        // Enough have passed it: what is idle is its own, fresh or not.
        if (this.#spacing.holdsBack(alone.terms.expectedMs, now)) return;
        const slot = this.#takeFresh(now);
        if (slot !== undefined) {
          this.#serve(alone, 'exclusive', slot, now);
          continue;
        }
        this.#reserve();
        if (sharing === undefined || sharing.turn - alone.turn > mostOvertakes) break;
      } else if (alone === undefined || sharing!.turn < alone.turn) {
        this.#unreserve();
      }
      if (sharing === undefined) break;
      const line = this.#lineForShare(sharing.terms.claim);
      if (line === undefined) {
        if (alone !== undefined && alone.turn < sharing.turn) this.#reserve();
        break;
      }
      this.#serve(sharing, 'shared', line, now);
    }
    if (this.#parts.waiting > 0) this.#validateForWaiters();
  }

  #serve(waiter: Waiter<C>, mode: LeaseMode, slot: Slot<C>, now: Moment): void {
    this.#queue(mode).remove(waiter);
    if (this.#parts.waiting === 0) this.#queueEmptied();
    this.#spacing.begins(waiter.terms.expectedMs, now);
    const waitedMs = now === waiter.began ? 0 : now.ms - waiter.began.ms;
    if (mode === 'shared') this.#spacing.lastShare = now;
    waiter.accept(this.#lending.lend(mode, slot, now, waitedMs, waiter.terms.place));
  }

  /** Chooses the shared line that is soonest empty for the exclusive lease at the head of the queue. */
  #reserve(): void {
    const { shared } = this.#parts.slots;
    if (this.#reserved !== undefined || shared.size === 0) return;
    let least: Slot<C> | undefined;
    for (const slot of shared) {
      if (slot.condemned === undefined && (least === undefined || slot.leases < least.leases)) least = slot;
    }
    if (least === undefined) return;
    least.reserved = true;
    this.#reserved = least;
  }

  #unreserve(): void {
    if (this.#reserved === undefined) return;
    this.#reserved.reserved = false;
    this.#reserved = undefined;
  }

  // biome-ignore lint/complexity/noBannedTypes: any function at all may stand in a stack.
  #lendNow(mode: LeaseMode, claim: unknown, now: Moment, below: Function): Lease<C> | undefined {
    if (mode === 'shared') this.#spacing.lastShare = now;
    const slot = mode === 'exclusive' ? this.#takeFresh(now) : this.#lineForShare(claim);
    return slot === undefined
      ? undefined
      : this.#lending.lend(mode, slot, now, 0, placeBudget.capture(now, below));
  }

  /** Takes the most recently used idle connection that needs no validation. */
  #takeFresh(now: Moment): Slot<C> | undefined {
    const slot = this.#freshest(now);
    if (slot !== undefined) this.#slots.takeIdle(slot);
    return slot;
  }

  /** Finds it, and leaves it where it is. */
  #freshest(now: Moment): Slot<C> | undefined {
    const { idle } = this.#slots;
    for (let index = idle.length - 1; index >= 0; index--) {
      const slot = idle[index]!;
      if (!this.#turnaround.isDoubtful(slot, now)) return slot;
    }
    return undefined;
  }

  /** Has as many idle connections validated as callers wait for. */
  #validateForWaiters(): void {
    const { slots, waiting } = this.#parts;
    while (slots.idle.length > 0 && slots.count(State.validating) < waiting) {
      this.#turnaround.validate(slots.idle[slots.idle.length - 1]!);
    }
  }

  /** The line for one more share. Nobody waits while a connection is idle, whatever the connector says. */
  #lineForShare(claim: unknown): Slot<C> | undefined {
    const slot = (this.#place(this.#lines, claim) ?? this.#lines.idle()) as Slot<C> | undefined;
    if (slot?.state === State.idle) this.#slots.takeIdle(slot);
    return slot;
  }

  /** A shared lease has ended. */
  shareEnded(slot: Slot<C>): void {
    if (slot.leases > 0) {
      if (this.#parts.waiting > 0) this.dispatch();
    } else if (slot === this.#reserved) {
      this.#unreserve();
      this.#emptied = slot;
    }
  }

  /** Offers a connection that nobody has any more to those who wait. */
  offer(slot: Slot<C>, now: Moment): void {
    const parts = this.#parts;
    const { head } = parts.exclusive;
    const sharing = parts.shared.head;
    const hasEmptied = slot === this.#emptied;
    this.#emptied = undefined;
    const isForHead =
      head !== undefined &&
      (sharing === undefined || (hasEmptied && head.turn < sharing.turn)) &&
      !this.#spacing.holdsBack(head.terms.expectedMs, now);
    if (!isForHead || parts.state !== 'running') {
      if (slot.state === State.leased) this.#slots.move(slot, State.idle);
      this.#slots.idle.push(slot);
      this.dispatch();
      return;
    }
    this.#serve(head, 'exclusive', slot, now);
    if (this.#slots.size < parts.max) this.dispatch();
  }
}
