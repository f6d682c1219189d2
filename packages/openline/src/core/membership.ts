// One pool in a budget: what the budget asks of it, and what it asks of the budget.

import type { Budget, BudgetMember } from './budget.ts';
import type { Demand } from './demand.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { BudgetShortage } from './errors.ts';
import type { Parts } from './parts.ts';
import { type Slot, State } from './slot.ts';
import type { Turnaround } from './turnaround.ts';
import type { Waiter } from './waiter.ts';

/** A pool's place in the budget that it shares with others. */
export class Membership<C> implements BudgetMember {
  readonly #budget: Budget;
  readonly #parts: Parts<C>;
  readonly #turnaround: Turnaround<C>;
  readonly #demand: Demand<C>;
  readonly #dispatcher: Dispatcher<C>;

  constructor(
    budget: Budget,
    parts: Parts<C>,
    turnaround: Turnaround<C>,
    demand: Demand<C>,
    dispatcher: Dispatcher<C>,
  ) {
    this.#budget = budget;
    this.#parts = parts;
    this.#turnaround = turnaround;
    this.#demand = demand;
    this.#dispatcher = dispatcher;
    parts.slots.onResize = (by) => budget.resized(this, by);
    budget.join(this);
  }

  get size(): number {
    return this.#parts.slots.size;
  }

  get closing(): number {
    return this.#parts.slots.count(State.closing);
  }

  get waiting(): number {
    return this.#parts.waiting;
  }

  get oldestTurn(): number {
    const { exclusive, shared } = this.#parts;
    return Math.min(
      exclusive.head?.turn ?? Number.POSITIVE_INFINITY,
      shared.head?.turn ?? Number.POSITIVE_INFINITY,
    );
  }

  get idleSince(): number {
    return this.#parts.slots.idle[0]?.idleSince ?? Number.POSITIVE_INFINITY;
  }

  get keepsIdle(): boolean {
    return this.#dispatcher.keepsIdle(this.#parts.clock.turnNow());
  }

  dispatch(): void {
    this.#dispatcher.dispatch();
  }

  cede(): void {
    this.#turnaround.evict(this.#parts.slots.idle[0]!, 'ceded');
  }

  open(): boolean {
    return this.#demand.openOne(this.#parts.clock.turnNow().ms);
  }

  *claimTurns(opens: number): Iterable<number> {
    const { exclusive, shared, slots, max, isHalted } = this.#parts;
    let left = isHalted ? 0 : Math.min(opens, max - slots.size);
    // The opens under way are for those who came first.
    let covered = slots.count(State.opening);
    let alone = exclusive.head;
    let sharing = shared.head;
    while (left > 0) {
      const isAlone = alone !== undefined && (sharing === undefined || alone.turn < sharing.turn);
      const next = isAlone ? alone : sharing;
      if (next === undefined) return;
      if (isAlone) alone = next.next;
      else sharing = this.#afterLineOf(next);
      if (covered > 0) covered--;
      else {
        left--;
        yield next.turn;
      }
    }
  }

  /** The first one who finds no place on the connection that `first` will share. */
  #afterLineOf(first: Waiter<C>): Waiter<C> | undefined {
    const { expectedCapacity } = this.#parts;
    if (expectedCapacity === Number.POSITIVE_INFINITY) return undefined;
    let waiter: Waiter<C> | undefined = first;
    for (let shares = 0; shares < expectedCapacity && waiter !== undefined; shares++) waiter = waiter.next;
    return waiter;
  }

  /** Wants so many opens. */
  claim(opens: number): void {
    this.#budget.claim(this, opens);
  }

  get isClaiming(): boolean {
    return this.#budget.isClaimedBy(this);
  }

  get hasRoom(): boolean {
    return this.#budget.hasRoom;
  }

  watchRoom(watcher: () => void): () => void {
    return this.#budget.watchRoom(watcher);
  }

  /** Is a connection that nobody has any more for another pool? */
  cedes(slot: Slot<C>): boolean {
    return this.#budget.takes(this, slot.uses === 0);
  }

  shareEnded(slot: Slot<C>): void {
    this.#budget.shareEnded(this, slot);
  }

  settle(): void {
    this.#budget.settle();
  }

  leave(): void {
    this.#budget.leave(this);
    this.#budget.settle();
  }

  /** What keeps the pool from opening, where it is the budget. */
  shortage(): BudgetShortage | undefined {
    if (this.hasRoom || this.size >= this.#parts.max) return undefined;
    const { pools, size } = this.#budget.othersThan(this);
    return { max: this.#budget.max, otherPools: pools, inOtherPools: size };
  }
}
