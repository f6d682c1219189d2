// Leases that do not come back: held for too long, or lost for good.

import { Alarm } from './alarm.ts';
import { LeakReport } from './leak-report.ts';
import type { Lending } from './lending.ts';
import { OldLease, type OldLeases } from './old-leases.ts';
import type { Parts } from './parts.ts';
import { placeBudget } from './place.ts';
import { State } from './slot.ts';

/** A lease of this age has lasted: few do, and what is done for one that has costs microseconds. */
const oldAfterMs = 1_000;
/** Somebody may use the connection of a leaked lease still: it is closed when nothing has been under way on it for so long. */
const quietForMs = 1_000;
/** How often it is looked at meanwhile. */
const quietLookMs = 100;

/** What the rest of the pool does about leaks. */
export interface LeakSteps {
  /** Has the leaks looked at again. */
  lookBy(at: number): void;
  /** A connection was condemned under its lease. */
  condemned(): void;
}

/** Watches the leases of one pool that have lasted. */
export class Leaks<C> {
  readonly #parts: Parts<C>;
  readonly #oldLeases: OldLeases<C>;
  readonly #lending: Lending<C>;
  readonly #steps: LeakSteps;
  readonly #oldAfterMs: number;
  readonly #report: LeakReport<C>;
  /** Rings while the pool closes, when its maintainer looks no more. */
  readonly #closingAlarm: Alarm;

  constructor(parts: Parts<C>, oldLeases: OldLeases<C>, lending: Lending<C>, steps: LeakSteps) {
    this.#parts = parts;
    this.#oldLeases = oldLeases;
    this.#lending = lending;
    this.#steps = steps;
    this.#report = new LeakReport(parts);
    this.#closingAlarm = new Alarm(parts.clock, () => this.close(), true);
    this.#oldAfterMs = Math.min(oldAfterMs, parts.options.leakThresholdMs / 4);
  }

  /** Done at every tick of the maintainer. Returns when it is to be done again at the latest. */
  look(now: number): number {
    this.#findOld(now, this.#oldAfterMs);
    let again = Number.POSITIVE_INFINITY;
    for (const old of [...this.#oldLeases]) {
      // An observer of another may have ended it.
      if (!old.isLeaked && this.#oldLeases.has(old)) this.#tellOverdue(old, now);
      if (old.isLeaked && this.#oldLeases.has(old)) again = Math.min(again, this.#closeWhenQuiet(old, now));
    }
    return again;
  }

  /** The pool closes: what has leaked never comes back, and is not waited for longer than until it is quiet. */
  close(): void {
    const now = this.#parts.clock.now();
    this.#findOld(now, 0);
    let again = Number.POSITIVE_INFINITY;
    for (const old of [...this.#oldLeases])
      if (old.isLeaked) again = Math.min(again, this.#closeWhenQuiet(old, now));
    this.#closingAlarm.ringBy(again);
  }

  /** The pool is closed. */
  stop(): void {
    this.#closingAlarm.cancel();
  }

  #findOld(now: number, oldAfterMs: number): void {
    const { slots } = this.#parts;
    if (slots.count(State.leased) === 0) return;
    for (const slot of slots) {
      for (const loan of slot.holders()) {
        if (!(loan instanceof OldLease) && now - loan.acquiredAt >= oldAfterMs)
          this.#oldLeases.add(loan, slot);
      }
    }
  }

  #tellOverdue(old: OldLease<C>, now: number): void {
    const { options, connector } = this.#parts;
    const ageMs = now - old.acquiredAt;
    if (old.isOverdue || ageMs < options.leakThresholdMs) return;
    const { slot, lease } = old;
    if (lease === undefined) {
      this.collected(old);
      return;
    }
    if (connector.isKept?.(slot.connection as C, lease)) return;
    old.isOverdue = true;
    placeBudget.favour(this.#parts, now);
    this.#report.overdue(old, ageMs);
    // An observer may have ended it.
    if (options.onLeak !== 'reclaim' || !this.#oldLeases.has(old)) return;
    slot.condemned ??= 'leaked';
    this.#takeBack(old);
  }

  /** A lease was collected. It has been ended by nobody, and nobody can; but its user may have the bare connection. */
  collected(old: OldLease<C>): void {
    if (old.isLeaked || !this.#oldLeases.has(old)) return;
    const { clock, isClosing } = this.#parts;
    const now = clock.now();
    old.isLeaked = true;
    old.slot.condemned ??= 'leaked';
    placeBudget.favour(this.#parts, now);
    this.#report.leaked(old, now - old.acquiredAt);
    if (isClosing) {
      this.close();
      return;
    }
    this.#steps.lookBy(now);
    this.#steps.condemned();
  }

  /** Returns when to look again. */
  #closeWhenQuiet(old: OldLease<C>, now: number): number {
    const overdueAt = old.acquiredAt + this.#parts.options.leakThresholdMs;
    if (now < overdueAt && !this.#hasBeenQuiet(old, now))
      return this.#asksQuiet ? Math.min(now + quietLookMs, overdueAt) : overdueAt;
    this.#takeBack(old);
    return Number.POSITIVE_INFINITY;
  }

  #takeBack(old: OldLease<C>): void {
    this.#lending.takeBack(old, old.slot, 'taken back by the pool at leakThresholdMs');
  }

  /** Where nobody can tell, it counts as quiet if its pool closes. */
  get #asksQuiet(): boolean {
    return this.#parts.connector.isQuiet !== undefined || this.#parts.isClosing;
  }

  #hasBeenQuiet(old: OldLease<C>, now: number): boolean {
    if (!this.#asksQuiet) return false;
    if (!this.#parts.isQuiet(old.slot)) old.quietSince = undefined;
    else old.quietSince ??= now;
    return old.quietSince !== undefined && now - old.quietSince >= quietForMs;
  }
}
