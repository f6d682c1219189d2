// Which line a shared lease goes to.

import type { Parts } from './parts.ts';
import type { Slot } from './slot.ts';

/** A connection that may carry one more shared lease. */
export interface Line<C> {
  readonly connection: C | undefined;
  /** Leases under way on it; 0 while it is idle. */
  readonly leases: number;
}

/** The connections among which a placement chooses. */
export interface Lines<C> {
  /** Those under shared leases that take one more. */
  shared(): Iterable<Line<C>>;
  /** Whether a line, chosen before, is under shared leases still and takes one more. */
  takes(line: Line<C>): boolean;
  /** The idle connection that was used last, if there is one that needs no validation. */
  idle(): Line<C> | undefined;
  /**
   * The idle connection that was used last, though it was not asked whether it lives: for a claim that finds that out by itself, and loses
   * nothing when it does not.
   */
  unasked(): Line<C> | undefined;
  /** The share of its capacity that is in use, 0 to 1. */
  load(line: Line<C>): number;
}

/** The line for one more share, chosen among `lines`; nothing when the caller had better wait than share one. */
export type Placement<C> = (lines: Lines<C>, claim: unknown) => Line<C> | undefined;

/** An idle connection, else the line with the smallest share of its capacity in use: best where leases on one line delay each other. */
export function leastLoaded<C>(lines: Lines<C>): Line<C> | undefined {
  const idle = lines.idle();
  if (idle !== undefined) return idle;
  let best: Line<C> | undefined;
  for (const line of lines.shared()) {
    if (best === undefined || lines.load(line) < lines.load(best)) best = line;
  }
  return best;
}

/** The connections of one pool, as a placement sees them. */
export class PoolLines<C> implements Lines<C> {
  readonly #parts: Parts<C>;
  readonly #freshest: () => Slot<C> | undefined;

  /** @param freshest - finds the idle connection that was used last and needs no validation */
  constructor(parts: Parts<C>, freshest: () => Slot<C> | undefined) {
    this.#parts = parts;
    this.#freshest = freshest;
  }

  *shared(): Iterable<Slot<C>> {
    for (const slot of this.#parts.slots.shared) {
      if (this.takes(slot)) yield slot;
    }
  }

  takes(slot: Slot<C>): boolean {
    return (
      !slot.reserved &&
      slot.condemned === undefined &&
      this.#parts.slots.shared.has(slot) &&
      slot.leases < this.#parts.capacityOf(slot)
    );
  }

  idle(): Slot<C> | undefined {
    return this.#freshest();
  }

  unasked(): Slot<C> | undefined {
    const now = this.#parts.clock.turnNow().ms;
    return this.#parts.slots.idle.findLast(
      (slot) => !slot.isPastReuse(now) && this.#parts.capacityOf(slot) >= 1,
    );
  }

  load(slot: Slot<C>): number {
    return slot.leases / this.#parts.capacityOf(slot);
  }
}
