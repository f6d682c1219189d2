// Matches those who want a connection with the connections, in order of arrival.

import { channel } from 'node:diagnostics_channel';
import type { Clock, Moment } from './clock.ts';
import type { Deadlines } from './deadlines.ts';
import type { Demand } from './demand.ts';
import type { LeaseMode } from './holder.ts';
import type { Lending } from './lending.ts';
import { channelNames, type Observers } from './observer.ts';
import type { Parts } from './parts.ts';
import { leastLoaded, type Placement, PoolLines } from './placement.ts';
import { type Slot, type SlotTable, State } from './slot.ts';
import { Spacing } from './spacing.ts';
import type { Turnaround } from './turnaround.ts';
import type { Waiter, WaiterQueue } from './waiter.ts';

// A constant of this module: compiled into the code of every wait, as what is imported is not.
const waitingChannel = channel(channelNames.waiting);

/** A waiting exclusive lease is overtaken by no more shared ones than this. */
const mostOvertakes = 40;

/** What the dispatcher works with. */
export interface DispatcherParts<C> {
  readonly parts: Parts<C>;
  readonly lending: Lending<C>;
  readonly turnaround: Turnaround<C>;
  readonly demand: Demand<C>;
  readonly deadlines: Deadlines<C>;
}

/** Decides who gets which connection. */
export class Dispatcher<C> {
  readonly #parts: Parts<C>;
  // Taken out of the parts, since every lease passes through them.
  readonly #clock: Clock;
  readonly #slots: SlotTable<C>;
  readonly #lending: Lending<C>;
  readonly #observers: Observers<C>;
  readonly #tellsWaiting: boolean;
  readonly #turnaround: Turnaround<C>;
  readonly #demand: Demand<C>;
  readonly #deadlines: Deadlines<C>;
  readonly #lines: PoolLines<C>;
  readonly #place: Placement<C>;
  readonly #sharesFirst: boolean;
  /** Keeps long exclusive leases apart. */
  readonly spacing: Spacing<C>;
  /** The line that empties for the exclusive lease at the head of the queue. */
  #reserved: Slot<C> | undefined;
  /** The line that has emptied for it. */
  #emptied: Slot<C> | undefined;

  constructor({ parts, lending, turnaround, demand, deadlines }: DispatcherParts<C>) {
    this.#parts = parts;
    this.#clock = parts.clock;
    this.#slots = parts.slots;
    this.#lending = lending;
    this.#observers = parts.observers;
    this.#tellsWaiting = parts.observers.hear('waiting');
    this.#turnaround = turnaround;
    this.#demand = demand;
    this.#deadlines = deadlines;
    this.#lines = new PoolLines(parts, () => this.#freshest(this.#clock.turnNow()));
    this.#place = parts.connector.place?.bind(parts.connector) ?? leastLoaded;
    this.#sharesFirst = parts.connector.sharesFirst === true;
    this.spacing = new Spacing(parts, () => this.dispatch());
  }

  /** Puts a caller into the queue. */
  enqueue(waiter: Waiter<C>, mode: LeaseMode): void {
    const parts = this.#parts;
    const watched = this.#queue(mode).push(waiter);
    if (watched) this.#deadlines.watch(waiter.deadline);
    if (parts.waiting === 1) this.#deadlines.keepAlive(true);
    if (this.#tellsWaiting || waitingChannel.hasSubscribers)
      this.#observers.tellWaiting(parts.name, parts.waiting, mode, waiter);
    // A queue that stood already stands because nothing is to be had: only what is new can change that.
    if (this.#slots.idle.length > 0 || this.#slots.size < parts.max || this.#slots.shared.size > 0)
      this.dispatch();
  }

  #queue(mode: LeaseMode): WaiterQueue<C> {
    return mode === 'exclusive' ? this.#parts.exclusive : this.#parts.shared;
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
    this.spacing.queueEmptied();
    this.#unreserve();
  }

  /** Serves whoever can be served, in order, and asks for more connections where that is worth it. */
  dispatch(): void {
    const parts = this.#parts;
    if (parts.isHalted) return;
    const now = this.#clock.turnNow();
    this.#turnaround.closeUseless(now.ms);
    if (parts.exclusive.size === 0) this.#unreserve();
    if (parts.shared.size === 0) this.#serveExclusive(now);
    else this.#serveBoth(now);
    if (parts.slots.size < parts.max && !this.keepsIdle(now)) this.#demand.grow(now.ms);
  }

  /** Whether a connection is there for the exclusive lease at the head of the queue, and is only not lent yet. */
  keepsIdle(now: Moment): boolean {
    const { head } = this.#parts.exclusive;
    return (
      head !== undefined &&
      this.#freshest(now) !== undefined &&
      this.spacing.holdsBack(head.terms.expectedMs, now)
    );
  }

  #serveExclusive(now: Moment): void {
    const { exclusive } = this.#parts;
    while (exclusive.head !== undefined) {
      if (this.spacing.holdsBack(exclusive.head.terms.expectedMs, now)) return;
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
        if (this.spacing.holdsBack(alone.terms.expectedMs, now)) return;
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
    this.spacing.begins(waiter.terms.expectedMs, now);
    if (mode === 'exclusive') {
      this.#serveAlone(waiter, slot, now);
      return;
    }
    this.#parts.shared.remove(waiter);
    if (this.#parts.waiting === 0) this.#queueEmptied();
    this.spacing.lastShare = now;
    waiter.accept(this.#lending.lend(mode, slot, now, waitedFor(waiter, now), waiter.terms.place));
    waiter.terms.ended?.({ connectionId: slot.id, error: undefined });
  }

  #serveAlone(waiter: Waiter<C>, slot: Slot<C>, now: Moment): void {
    const parts = this.#parts;
    parts.exclusive.remove(waiter);
    if (parts.waiting === 0) this.#queueEmptied();
    waiter.accept(this.#lending.alone(slot, now, waitedFor(waiter, now), waiter.terms.place));
    waiter.terms.ended?.({ connectionId: slot.id, error: undefined });
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

  /** Takes what can be lent at once; nobody may be waiting. */
  take(mode: LeaseMode, claim: unknown, now: Moment): Slot<C> | undefined {
    if (mode === 'exclusive') return this.#takeFresh(now);
    this.spacing.lastShare = now;
    return this.#lineForShare(claim);
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
    const isForHead =
      head !== undefined && head.terms.expectedMs === 0 && parts.shared.head === undefined && !parts.isHalted;
    if (isForHead) {
      this.#emptied = undefined;
      this.#serveAlone(head, slot, now);
      if (this.#slots.size < parts.max) this.dispatch();
    } else this.#offerToSome(slot, now);
  }

  /** {@link offer} where it must be asked who comes first, and whether it is time. */
  #offerToSome(slot: Slot<C>, now: Moment): void {
    const parts = this.#parts;
    const { head } = parts.exclusive;
    const sharing = parts.shared.head;
    const hasEmptied = slot === this.#emptied;
    this.#emptied = undefined;
    const isForHead =
      head !== undefined &&
      (sharing === undefined || (hasEmptied && head.turn < sharing.turn)) &&
      !this.spacing.holdsBack(head.terms.expectedMs, now);
    if (isForHead && !parts.isHalted) {
      this.#serve(head, 'exclusive', slot, now);
      if (this.#slots.size < parts.max) this.dispatch();
      return;
    }
    if (slot.state === State.leased) this.#slots.move(slot, State.idle);
    this.#slots.idle.push(slot);
    this.dispatch();
  }
}

function waitedFor<C>(waiter: Waiter<C>, now: Moment): number {
  return now === waiter.began ? 0 : now.ms - waiter.began.ms;
}
