// The beginning and the end of every lease: the one place where connections are lent and taken back.

import { channel } from 'node:diagnostics_channel';
import type { Clock, Moment } from './clock.ts';
import type { Histogram } from './histogram.ts';
import type { LeaseMode } from './holder.ts';
import { Lease, type LeaseTaken, type Lender } from './lease.ts';
import { channelNames, type Observers } from './observer.ts';
import { type Loan, OldLease, type OldLeases } from './old-leases.ts';
import type { Parts } from './parts.ts';
import { Place } from './place.ts';
import { Slot, type SlotTable, State } from './slot.ts';
import type { Turnaround } from './turnaround.ts';

// Constants of this module: they are compiled into the code of every lease, as what is imported is not.
const LeaseHere = Lease;
const leasedState = State.leased;
const acquiredChannel = channel(channelNames.acquired);
const releasedChannel = channel(channelNames.released);

/** Lends connections and takes them back. */
export class Lending<C> implements Lender<C> {
  readonly #parts: Parts<C>;
  // Taken out of the parts, since every lease passes through them.
  readonly #clock: Clock;
  readonly #slots: SlotTable<C>;
  readonly #waitTimes: Histogram;
  readonly #useTimes: Histogram;
  readonly #observers: Observers<C>;
  readonly #tellsAcquired: boolean;
  readonly #tellsReleased: boolean;
  readonly #turnaround: Turnaround<C>;
  readonly #oldLeases: OldLeases<C>;
  readonly #onShareEnded: (slot: Slot<C>) => void;

  /** @param onShareEnded - told when a shared lease has ended: its line has room, or is empty */
  constructor(
    parts: Parts<C>,
    turnaround: Turnaround<C>,
    oldLeases: OldLeases<C>,
    onShareEnded: (slot: Slot<C>) => void,
  ) {
    this.#parts = parts;
    this.#clock = parts.clock;
    this.#slots = parts.slots;
    this.#waitTimes = parts.measures.wait;
    this.#useTimes = parts.measures.use;
    this.#observers = parts.observers;
    this.#tellsAcquired = parts.observers.hear('acquired');
    this.#tellsReleased = parts.observers.hear('released');
    this.#turnaround = turnaround;
    this.#oldLeases = oldLeases;
    this.#onShareEnded = onShareEnded;
    parts.models.push(
      new Lease<C>(this, new Slot<C>(0, 0), parts.clock.turnNow(), undefined),
      new Place(Lending, 0),
    );
  }

  get name(): string {
    return this.#parts.name;
  }

  lend(mode: LeaseMode, slot: Slot<C>, now: Moment, waitedMs: number, place: Place | undefined): Lease<C> {
    return mode === 'exclusive'
      ? this.alone(slot, now, waitedMs, place)
      : this.#share(slot, now, waitedMs, place);
  }

  /** Lends the whole connection. */
  alone(slot: Slot<C>, now: Moment, waitedMs: number, place: Place | undefined): Lease<C> {
    // Handed over from the lease before, it is leased already; lent twice it never is.
    if (slot.state !== leasedState || slot.leases > 0) this.#slots.lend(slot);
    const lease = new LeaseHere<C>(this, slot, now, place);
    slot.lease = lease;
    this.#waitTimes.record(waitedMs);
    if (this.#tellsAcquired || acquiredChannel.hasSubscribers) this.#tellAcquired(slot, waitedMs);
    return lease;
  }

  #share(slot: Slot<C>, now: Moment, waitedMs: number, place: Place | undefined): Lease<C> {
    const lease = new LeaseHere<C>(this, slot, now, place);
    slot.shares ??= new Set();
    slot.shares.add(lease);
    if (slot.state !== leasedState) {
      this.#slots.move(slot, leasedState);
      this.#slots.shared.add(slot);
      this.#parts.capacityOf(slot);
    }
    this.#waitTimes.record(waitedMs);
    if (this.#tellsAcquired || acquiredChannel.hasSubscribers) this.#tellAcquired(slot, waitedMs);
    return lease;
  }

  released(lease: Lease<C>, slot: Slot<C>): void {
    // A lease that ends in the turn in which it began ends at the same reading.
    const { began } = lease;
    const now = began.isServed === true ? began : this.#clock.turnNow();
    if (this.#ended(lease, slot, now)) this.#turnaround.settle(slot, now, lease);
  }

  discarded(lease: Lease<C>, slot: Slot<C>, reason: unknown): void {
    slot.condemned ??= reason instanceof Error ? 'broken' : 'discarded';
    slot.fault ??= reason;
    this.released(lease, slot);
  }

  detached(lease: Lease<C>, slot: Slot<C>): void {
    this.#ended(lease, slot, this.#clock.turnNow());
    this.#turnaround.letGo(slot);
  }

  /** Ends a lease for its holder, who may be no more. */
  takeBack(loan: Loan<C>, slot: Slot<C>, taken: LeaseTaken): void {
    if (!(loan instanceof OldLease)) {
      loan.takeBack(taken);
      return;
    }
    loan.isTakenBack = true;
    const { lease } = loan;
    if (lease !== undefined) lease.takeBack(taken);
    else if (this.#oldLeases.has(loan)) this.#abandoned(loan, slot);
  }

  #abandoned(old: OldLease<C>, slot: Slot<C>): void {
    const now = this.#clock.turnNow();
    this.#oldLeases.remove(old);
    if (this.#ended(old, slot, now)) this.#turnaround.settle(slot, now, old);
  }

  /** Accounts for the end of a lease. Returns whether nobody has the connection any more. */
  #ended(lease: Loan<C>, slot: Slot<C>, now: Moment): boolean {
    slot.uses++;
    this.#useTimes.record(now === lease.began ? 0 : now.ms - lease.began.ms);
    if (this.#tellsReleased || releasedChannel.hasSubscribers) this.#tellReleased(lease, slot, now);
    if (slot.lease !== lease) return this.#otherEnded(lease, slot, now);
    slot.lease = undefined;
    return true;
  }

  /** The end of a shared lease, or of one that is old. */
  #otherEnded(lease: Loan<C>, slot: Slot<C>, now: Moment): boolean {
    if (slot.lease === undefined && slot.shares!.delete(lease)) return this.#shareEnded(slot);
    const old = this.#oldLeases.of(lease as Lease<C>)!;
    this.#oldLeases.remove(old);
    if (old.isOverdue && !old.isTakenBack) this.#tellReturned(old, now);
    if (slot.lease === undefined) {
      slot.shares!.delete(old);
      return this.#shareEnded(slot);
    }
    slot.lease = undefined;
    return true;
  }

  #shareEnded(slot: Slot<C>): boolean {
    // A line that is never empty would otherwise never be asked.
    if (slot.uses >= this.#parts.options.maxUses) slot.condemned ??= 'worn-out';
    const emptied = slot.shares!.size === 0;
    if (emptied) this.#slots.shared.delete(slot);
    else this.#parts.membership?.shareEnded(slot);
    this.#onShareEnded(slot);
    return emptied;
  }

  #tellReleased(lease: Loan<C>, slot: Slot<C>, now: Moment): void {
    const usedMs = now.ms - lease.began.ms;
    this.#observers.tell('released', { ...this.#parts.event(slot), usedMs, mode: slot.mode! });
  }

  #tellReturned({ slot, began, place }: OldLease<C>, now: Moment): void {
    const heldMs = now.ms - began.ms;
    this.#observers.tell('overdueReturned', { ...this.#parts.event(slot), heldMs, place });
  }

  #tellAcquired(slot: Slot<C>, waitedMs: number): void {
    this.#observers.tell('acquired', { ...this.#parts.event(slot), waitedMs, mode: slot.mode! });
  }
}
