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
  /** Among {@link shared}, the line with the smallest {@link load}. */
  leastLoaded(): Line<C> | undefined;
  /** Among {@link shared}, the line with the greatest {@link load} below this one. */
  fullestBelow(load: number): Line<C> | undefined;
}

/** The line for one more share, chosen among `lines`; nothing when the caller had better wait than share one. */
export type Placement<C> = (lines: Lines<C>, claim: unknown) => Line<C> | undefined;

/** An idle connection, else the line with the smallest share of its capacity in use: best where leases on one line delay each other. */
export function leastLoaded<C>(lines: Lines<C>): Line<C> | undefined {
  return lines.idle() ?? lines.leastLoaded();
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
    return this.#parts.slots.shared.has(slot) && this.#loadForOneMore(slot) < 1;
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

  leastLoaded(): Slot<C> | undefined {
    let least: Slot<C> | undefined;
    let leastLoad = 1;
    for (const slot of this.#parts.slots.shared) {
      const load = this.#loadForOneMore(slot);
      if (load >= leastLoad) continue;
      least = slot;
      leastLoad = load;
    }
    return least;
  }

  fullestBelow(bound: number): Slot<C> | undefined {
    let fullest: Slot<C> | undefined;
    let fullestLoad = -1;
    for (const slot of this.#parts.slots.shared) {
      const load = this.#loadForOneMore(slot);
      if (load >= Math.min(bound, 1) || load <= fullestLoad) continue;
      fullest = slot;
      fullestLoad = load;
    }
    return fullest;
  }

  /** The load of a line under shared leases; 1 where it takes no more of them. Asked of every line for a lease, so its capacity is asked once. */
  #loadForOneMore(slot: Slot<C>): number {
    if (slot.reserved || slot.condemned !== undefined) return 1;
    const capacity = this.#parts.capacityOf(slot);
    return slot.leases < capacity ? slot.leases / capacity : 1;
  }
}
