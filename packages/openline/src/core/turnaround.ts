// What happens to a connection between two leases: closed, put in order, validated, or free for the next.

import { outsideCallers } from './async-scope.ts';
import { Check } from './check.ts';
import { freshMoment, type Moment } from './clock.ts';
import type { Closer } from './closer.ts';
import type { Connector } from './connector.ts';
import type { CloseReason } from './observer.ts';
import type { Loan } from './old-leases.ts';
import type { Parts } from './parts.ts';
import { type Slot, State } from './slot.ts';

// A constant of this module is compiled into the code of every lease for which somebody waits, as what is imported is not.
const leasedState = State.leased;

/** Whoever is offered what nobody has. */
export interface Offered<C> {
  /** Takes the connection for those who wait, or lets it be idle. */
  offer(slot: Slot<C>, now: Moment): void;
}

/** Takes connections from the end of one lease to the beginning of the next. */
export class Turnaround<C> {
  readonly #parts: Parts<C>;
  readonly #connector: Connector<C>;
  readonly #closer: Closer<C>;
  readonly #reusableUntil: (at: number) => void;
  /** Set once, when the pool is put together; no function stands between, since every lease for which somebody waits passes here. */
  offered: Offered<C> | undefined = undefined;
  // What a connector does not have costs its leases nothing.
  readonly #validates: boolean;
  readonly #resets: boolean;
  readonly #asksQuiet: boolean;
  readonly #limitsReuse: boolean;
  readonly #asksCapacity: boolean;

  /** @param reusableUntil - told until when a connection may be idle */
  constructor(parts: Parts<C>, closer: Closer<C>, reusableUntil: (at: number) => void) {
    this.#parts = parts;
    this.#connector = parts.connector;
    this.#closer = closer;
    this.#reusableUntil = reusableUntil;
    this.#validates = parts.connector.validate !== undefined;
    this.#resets = parts.connector.reset !== undefined;
    this.#asksQuiet = parts.connector.isQuiet !== undefined;
    this.#limitsReuse = parts.connector.reusableForMs !== undefined;
    this.#asksCapacity = parts.connector.capacity !== undefined;
    parts.asksBeforeLending = this.#validates || this.#limitsReuse || this.#asksCapacity;
    parts.asksOnReturn ||=
      this.#resets ||
      this.#asksQuiet ||
      this.#limitsReuse ||
      this.#asksCapacity ||
      parts.options.budget !== undefined ||
      parts.options.maxUses < Number.POSITIVE_INFINITY;
  }

  /** Nobody has the connection any more. `lease`: the one that ended last. */
  settle(slot: Slot<C>, now: Moment, lease: Loan<C>): void {
    const parts = this.#parts;
    if (slot.condemned !== undefined || parts.asksOnReturn) {
      if (!this.#resets || !this.#reset(slot, lease)) this.ready(slot, now);
    } else if (parts.waiting > 0) {
      this.#offer(slot, now);
    } else {
      parts.slots.rest(slot, now.ms);
    }
  }

  /** Starts to put the connection in order, if it is to be kept and needs it. */
  #reset(slot: Slot<C>, lease: Loan<C>): boolean {
    if (slot.condemned !== undefined || this.#parts.isClosing) return false;
    const check = new Check();
    const resetting = this.#startReset(slot, check);
    if (resetting !== undefined) this.#awaitReset(slot, check, resetting);
    // Observers hear of it when the state has changed; for most leases there is nothing to hear.
    if (resetting !== undefined || check.hasFound) this.#tellDirty(slot, lease, check);
    return resetting !== undefined;
  }

  #tellDirty(slot: Slot<C>, lease: Loan<C>, check: Check): void {
    check.reportTo((what) => {
      const place = lease.place?.toString();
      this.#parts.observers.tell('dirtyReturn', { ...this.#parts.event(slot), what, place });
    });
  }

  #startReset(slot: Slot<C>, check: Check): Promise<unknown> | undefined {
    try {
      return this.#parts.connector.reset!(slot.connection as C, check);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #awaitReset(slot: Slot<C>, check: Check, resetting: Promise<unknown>): void {
    const { slots, clock, options } = this.#parts;
    slots.move(slot, State.resetting);
    slot.check = check;
    void check.passes(resetting, options.connectTimeoutMs, clock).then((passed) => {
      slot.check = undefined;
      if (!passed) slot.condemned ??= 'reset-failed';
      this.ready(slot, clock.turnNow());
    });
  }

  /** An open connection that nobody has: to be closed if there is a reason, else for the next in the queue, or idle. */
  ready(slot: Slot<C>, now: Moment): void {
    const reason = this.#reasonToClose(slot, now.ms);
    if (reason !== undefined) {
      this.#close(slot, reason);
      return;
    }
    if (this.#limitsReuse) this.#limitReuse(slot, now.ms);
    this.#rest(slot, now);
  }

  #limitReuse(slot: Slot<C>, now: number): void {
    // To be asked is no use: the idleness of a connection that was validated goes on.
    if (slot.state === State.validating) return;
    let forMs = 0;
    try {
      forMs = this.#parts.connector.reusableForMs!(slot.connection as C);
    } catch {
      // Nobody knows how long it may be idle.
    }
    slot.reusableUntil = forMs > 0 ? now + forMs : now;
  }

  /** It is for the next in the queue, or idle. */
  #rest(slot: Slot<C>, now: Moment): void {
    if (this.#limitsReuse) this.#reusableUntil(slot.reusableUntil);
    if (this.#parts.waiting > 0) this.#offer(slot, now);
    else this.#parts.slots.rest(slot, now.ms);
  }

  #offer(slot: Slot<C>, now: Moment): void {
    slot.idleSince = now.ms;
    // Handed over from one lease to the next it is never idle; the offer makes it so if nobody takes it.
    if (slot.state !== leasedState) this.#parts.slots.move(slot, State.idle);
    this.offered!.offer(slot, now);
  }

  #reasonToClose(slot: Slot<C>, now: number): CloseReason | undefined {
    const parts = this.#parts;
    if (slot.condemned !== undefined) return slot.condemned;
    if (slot.uses >= parts.options.maxUses) return 'worn-out';
    if (parts.slots.staying > parts.max) return 'shrunk';
    if (parts.isClosing) return 'pool-closed';
    // What its maker has begun on a new connection comes before what the first lease does.
    if (this.#asksQuiet && slot.state !== State.opening && !parts.isQuiet(slot)) return 'busy';
    if (this.#takesNothing(slot)) return 'retired';
    if (slot.state === State.validating && slot.isPastReuse(now)) return 'idle';
    return parts.membership?.cedes(slot) ? 'ceded' : undefined;
  }

  #close(slot: Slot<C>, reason: CloseReason): void {
    // A server that is gone takes all connections with it: until an open succeeds, one attempt at a time will do.
    if (reason === 'broken' || reason === 'lost' || reason === 'invalid') this.#parts.outage.suspect();
    this.#closer.close(slot, reason);
  }

  /** Closes an idle connection. */
  evict(slot: Slot<C>, reason: CloseReason): void {
    this.#parts.slots.takeIdle(slot);
    this.#close(slot, reason);
  }

  /** Whether an idle connection may not be lent as it is: it must be asked first, or never will be lent again. */
  isDoubtful(slot: Slot<C>, { ms }: Moment): boolean {
    return this.#needsValidation(slot, ms) || this.#uselessness(slot, ms) !== undefined;
  }

  #needsValidation(slot: Slot<C>, now: number): boolean {
    return this.#validates && (slot.suspect || this.#isStale(slot, now));
  }

  /** Why an idle connection will never be lent again. */
  #uselessness(slot: Slot<C>, now: number): CloseReason | undefined {
    if (this.#limitsReuse && slot.isPastReuse(now)) return 'idle';
    return this.#takesNothing(slot) ? 'retired' : undefined;
  }

  #takesNothing(slot: Slot<C>): boolean {
    if (!this.#asksCapacity) return false;
    try {
      return !(this.#connector.capacity!(slot.connection as C) >= 1);
    } catch {
      return false;
    }
  }

  /** Closes the idle connections that will never be lent again. */
  closeUseless(now: number): void {
    if (!this.#limitsReuse && !this.#asksCapacity) return;
    for (const slot of [...this.#parts.slots.idle]) {
      if (slot.state !== State.idle) continue;
      const reason = this.#uselessness(slot, now);
      if (reason !== undefined) this.evict(slot, reason);
    }
  }

  #isStale(slot: Slot<C>, now: number): boolean {
    // What answered just now is fresh even where every connection is to be asked: nobody would ever get one otherwise.
    return now - slot.aliveAt >= this.#parts.options.validateAfterIdleMs && slot.answeredAt !== now;
  }

  /** Asks an idle connection whether it lives; it comes back to the idle ones, or is closed. */
  validate(slot: Slot<C>): void {
    const { slots, clock, connector, options, validatingTime } = this.#parts;
    if (!this.#validates) {
      // It is in doubt for one reason only: meanwhile it has become useless.
      this.evict(slot, this.#uselessness(slot, clock.now()) ?? 'idle');
      return;
    }
    const startedAt = clock.now();
    slots.takeIdle(slot);
    slots.move(slot, State.validating);
    slot.checkedSince = startedAt;
    validatingTime.began(startedAt);
    const check = new Check();
    slot.check = check;
    const answer = outsideCallers(async () => connector.validate!(slot.connection as C, check));
    void check.passes(answer, options.connectTimeoutMs, clock).then((alive) => this.#validated(slot, alive));
  }

  #validated(slot: Slot<C>, alive: boolean): void {
    const { slots, clock, measures, observers, validatingTime } = this.#parts;
    const now = freshMoment(clock);
    const tookMs = now.ms - slot.checkedSince;
    const { idleSince } = slot;
    slot.answeredAt = now.ms;
    slot.check = undefined;
    validatingTime.ended(now.ms);
    measures.validate.record(tookMs);
    observers.tell('validated', { ...this.#parts.event(slot), alive, tookMs });
    if (alive) {
      slot.suspect = false;
    } else {
      slot.condemned ??= 'invalid';
      // What killed this one may have killed them all.
      for (const other of slots.idle) other.suspect = true;
    }
    this.ready(slot, now);
    // To be asked is no use: it goes back to its place among the idle ones, as old as it was.
    if (slot.state === State.idle) slots.putBack(slot, idleSince);
  }

  /** A detached connection leaves the pool. */
  letGo(slot: Slot<C>): void {
    this.#closer.letGo(slot);
  }

  /** The peer takes nothing new on the connection. Returns whether leases under way go on without it taking more. */
  retired(slot: Slot<C>): boolean {
    switch (slot.state) {
      case State.detached:
      case State.closing:
      case State.closed:
        return false;
      default:
        slot.condemned ??= 'retired';
        if (slot.state === State.idle) this.evict(slot, 'retired');
        return slot.state === State.leased;
    }
  }

  /** The connection has died of itself. Returns whether it was idle. */
  lost(slot: Slot<C>, error: unknown): boolean {
    slot.fault ??= error;
    const wasIdle = slot.state === State.idle;
    switch (slot.state) {
      case State.detached:
        this.#closer.leftForGood(slot);
        break;
      case State.closing:
      case State.closed:
        break;
      default:
        slot.condemned = 'lost';
        this.#parts.outage.suspect();
        if (wasIdle) this.evict(slot, 'lost');
    }
    return wasIdle;
  }
}
