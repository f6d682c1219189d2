// What happens to a connection between two leases: closed, put in order, validated, or free for the next.

import { outsideCallers } from './async-scope.ts';
import { Check } from './check.ts';
import type { Closer } from './closer.ts';
import type { CloseReason } from './observer.ts';
import type { Parts } from './parts.ts';
import { type Slot, State } from './slot.ts';

/** Takes connections from the end of one lease to the beginning of the next. */
export class Turnaround<C> {
  readonly #parts: Parts<C>;
  readonly #closer: Closer<C>;
  readonly #offer: (slot: Slot<C>, now: number) => void;
  // What a connector does not have costs its leases nothing.
  readonly #validates: boolean;
  readonly #resets: boolean;
  readonly #asksQuiet: boolean;

  /** @param offer - offers a connection that has become idle to those who wait */
  constructor(parts: Parts<C>, closer: Closer<C>, offer: (slot: Slot<C>, now: number) => void) {
    this.#parts = parts;
    this.#closer = closer;
    this.#offer = offer;
    this.#validates = parts.connector.validate !== undefined;
    this.#resets = parts.connector.reset !== undefined;
    this.#asksQuiet = parts.connector.isQuiet !== undefined;
  }

  /** Nobody has the connection any more. */
  settle(slot: Slot<C>, now: number): void {
    if (!this.#resets || !this.#reset(slot)) this.ready(slot, now);
  }

  /** Starts to put the connection in order, if it is to be kept and needs it. */
  #reset(slot: Slot<C>): boolean {
    if (slot.condemned !== undefined) return false;
    const check = new Check();
    const resetting = this.#startReset(slot, check);
    if (resetting === undefined) return false;
    this.#awaitReset(slot, check, resetting);
    return true;
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
    void check.passes(resetting, options.connectTimeoutMs, clock).then((passed) => {
      if (!passed) slot.condemned ??= 'reset-failed';
      this.ready(slot, clock.turnNow());
    });
  }

  /** An open connection that nobody has: to be closed if there is a reason, else for the next in the queue, or idle. */
  ready(slot: Slot<C>, now: number): void {
    const { slots } = this.#parts;
    const reason = this.#reasonToClose(slot);
    if (reason !== undefined) {
      this.#close(slot, reason);
      return;
    }
    slots.move(slot, State.idle);
    slot.idleSince = now;
    if (this.#parts.waiting > 0) this.#offer(slot, now);
    else slots.idle.push(slot);
  }

  #reasonToClose(slot: Slot<C>): CloseReason | undefined {
    const parts = this.#parts;
    if (slot.condemned !== undefined) return slot.condemned;
    if (slot.uses >= parts.options.maxUses) return 'worn-out';
    if (parts.slots.size > parts.max) return 'shrunk';
    if (parts.isClosing) return 'pool-closed';
    if (this.#asksQuiet && !parts.connector.isQuiet!(slot.connection as C)) return 'busy';
    return undefined;
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

  /** Whether an idle connection must be asked before it is lent. */
  needsValidation(slot: Slot<C>, now: number): boolean {
    return this.#validates && (slot.suspect || now - slot.aliveAt > this.#parts.options.validateAfterIdleMs);
  }

  /** Asks an idle connection whether it lives; it comes back to the idle ones, or is closed. */
  validate(slot: Slot<C>): void {
    const { slots, clock, connector, options, validatingTime } = this.#parts;
    const startedAt = clock.now();
    slots.takeIdle(slot);
    slots.move(slot, State.validating);
    slot.checkedSince = startedAt;
    validatingTime.began(startedAt);
    const check = new Check();
    const answer = outsideCallers(async () => connector.validate!(slot.connection as C, check));
    void check.passes(answer, options.connectTimeoutMs, clock).then((alive) => this.#validated(slot, alive));
  }

  #validated(slot: Slot<C>, alive: boolean): void {
    const { slots, clock, measures, observers, validatingTime } = this.#parts;
    const now = clock.now();
    const tookMs = now - slot.checkedSince;
    const { idleSince } = slot;
    slot.answeredAt = now;
    validatingTime.ended(now);
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

  /** A detached connection leaves the pool; it keeps its place until its end, where the connector can tell it. */
  letGo(slot: Slot<C>): void {
    this.#parts.slots.move(slot, State.detached);
    if (this.#parts.connector.onLost === undefined) this.#closer.leftForGood(slot);
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
