// Leases that do not come back: those held for too long.

import { OldLease, type OldLeases } from './old-leases.ts';
import type { Parts } from './parts.ts';
import { State } from './slot.ts';

/** A lease of this age has lasted: few do, and what is done for one that has costs microseconds. */
const oldAfterMs = 1_000;

/** Watches the leases of one pool that have lasted. */
export class Leaks<C> {
  readonly #parts: Parts<C>;
  readonly #oldLeases: OldLeases<C>;
  readonly #oldAfterMs: number;

  constructor(parts: Parts<C>, oldLeases: OldLeases<C>) {
    this.#parts = parts;
    this.#oldLeases = oldLeases;
    this.#oldAfterMs = Math.min(oldAfterMs, parts.options.leakThresholdMs / 4);
  }

  /** Done at every tick of the maintainer. */
  look(now: number): void {
    this.#findOld(now);
    for (const old of [...this.#oldLeases]) this.#tellOverdue(old, now);
  }

  #findOld(now: number): void {
    const { slots } = this.#parts;
    if (slots.count(State.leased) === 0) return;
    for (const slot of slots) {
      for (const loan of slot.holders()) {
        if (!(loan instanceof OldLease) && now - loan.acquiredAt >= this.#oldAfterMs)
          this.#oldLeases.add(loan, slot);
      }
    }
  }

  #tellOverdue(old: OldLease<C>, now: number): void {
    const { options, observers, connector } = this.#parts;
    const ageMs = now - old.acquiredAt;
    if (old.isOverdue || ageMs < options.leakThresholdMs) return;
    const { slot, lease, place } = old;
    if (lease === undefined || connector.isKept?.(slot.connection as C, lease)) return;
    old.isOverdue = true;
    observers.tell('leaseOverdue', { ...this.#parts.event(slot), ageMs, place });
  }
}
