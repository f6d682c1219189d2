// A limit on connections shared by several pools of this process: who may open next, and who gives one up for it.

import { OptionChecks } from './checks.ts';
import type { CloseReason } from './observer.ts';
import { State } from './slot.ts';

/** Options of {@link Budget}. */
export interface BudgetOptions {
  /** The most connections of all its pools together, those being opened and closed included. From 1; `Infinity`: no limit. */
  readonly max: number;
}

/** What {@link Budget.stats} tells. */
export interface BudgetStats {
  /** The most connections of all pools together. */
  readonly max: number;
  /** Connections of all pools, in every state that counts against a pool's own `max`. */
  readonly size: number;
  /** Pools that share the budget. */
  readonly pools: number;
  /** Pools in which somebody waits for a connection that may not be opened because the budget is full. */
  readonly waitingPools: number;
}

/** What a budget knows of one of its pools. */
export interface BudgetMember {
  /** Connections that count. */
  readonly size: number;
  /** Those of them that are being closed. */
  readonly closing: number;
  /** Callers in its queue. */
  readonly waiting: number;
  /** The turn of the caller that has waited longest; `Infinity` when nobody waits. */
  readonly oldestTurn: number;
  /** Since when its longest idle connection has been idle; `Infinity` when none is. */
  readonly idleSince: number;
  /** Is that one kept for a caller of its own, who may not have it yet? */
  readonly keepsIdle: boolean;
  /** Closes that one. */
  cede(): void;
  /** Opens a connection, if one is still wanted. Returns whether it does. */
  open(): boolean;
  /** The turns of the callers for whom as many further opens would be, the oldest first; none for opens that nobody waits for. */
  claimTurns(opens: number): Iterable<number>;
  /** Serves its callers with what it has. */
  dispatch(): void;
}

/** A connection under shared leases. */
export interface SharedLine {
  readonly state: State;
  condemned: CloseReason | undefined;
}

/**
 * A limit on connections that several pools share: give it to each as the option `budget`. Callers of all its pools are served in the order of
 * their arrival. Where the budget is full, a pool that must open takes the room of the connection that has been idle longest in
 * any of them; when none is idle, that of the next connection that comes back to a pool whose own callers came later. The pools of a
 * budget must have the same clock.
 *
 * @example
 * ```ts
 * import { Budget, createPool } from 'openline';
 *
 * const budget = new Budget({ max: 50 });
 * const orders = createPool({ open: async () => connectTo('orders') }, { max: 20, budget });
 * const stock = createPool({ open: async () => connectTo('stock') }, { max: 40, budget });
 * console.log(budget.stats()); // { max: 50, size: 0, pools: 2, waitingPools: 0 }
 * ```
 */
export class Budget {
  /** The most connections of all pools together. */
  readonly max: number;
  /** @internal The last number given to a caller that waits: one row for all pools. */
  readonly turns: { last: number } = { last: 0 };
  #size = 0;
  readonly #members = new Set<BudgetMember>();
  /** Those of them that have connections: never more than `max`, however many pools there are. */
  readonly #holding = new Set<BudgetMember>();
  /** How many opens each pool wants that it may not begin yet. */
  readonly #claims = new Map<BudgetMember, number>();
  /** Lines that take no new shares, so that they empty for a claim. */
  readonly #draining = new Map<SharedLine, BudgetMember>();
  readonly #watchers = new Set<() => void>();
  #settling = false;
  #again = false;

  /** @throws {@link InvalidOptionsError} */
  constructor(options: BudgetOptions) {
    const checks = new OptionChecks('', { ...options, max: options?.max ?? Number.NaN });
    checks.knownNames(['max']);
    this.max = checks.number('max', Number.NaN, { min: 1, infinite: true, integer: true });
    checks.done();
  }

  /** The budget now. */
  stats(): BudgetStats {
    let waitingPools = 0;
    for (const [member, opens] of this.#claims)
      if (oldestOf(member, opens) < Number.POSITIVE_INFINITY) waitingPools++;
    return { max: this.max, size: this.#size, pools: this.#members.size, waitingPools };
  }

  /** @internal Is there room that nobody has claimed? What is there when nobody claims it is anybody's. */
  get hasRoom(): boolean {
    return this.#size < this.max;
  }

  /** @internal Pools beside this one that have connections. */
  othersThan(member: BudgetMember): { readonly pools: number; readonly size: number } {
    return {
      pools: this.#holding.size - (this.#holding.has(member) ? 1 : 0),
      size: this.#size - member.size,
    };
  }

  /** @internal */
  join(member: BudgetMember): void {
    this.#members.add(member);
  }

  /** @internal The pool is closed: what it has detached counts until its end. */
  leave(member: BudgetMember): void {
    this.#members.delete(member);
    this.#holding.delete(member);
    this.#claims.delete(member);
  }

  /** @internal A connection more or less; {@link settle} is called when the pool has looked at that itself. */
  resized(member: BudgetMember, by: 1 | -1): void {
    this.#size += by;
    if (member.size > 0 && this.#members.has(member)) this.#holding.add(member);
    else this.#holding.delete(member);
  }

  /** @internal The pool wants so many opens: each begins, through {@link BudgetMember.open}, as soon as it may. */
  claim(member: BudgetMember, opens: number): void {
    if (opens > 0) this.#claims.set(member, opens);
    else if (!this.#claims.delete(member)) return;
    this.settle();
  }

  /** @internal Does the pool wait for room? */
  isClaimedBy(member: BudgetMember): boolean {
    return this.#claims.has(member);
  }

  /** @internal Calls `watcher` whenever there is room that nobody has claimed. Returns how to end that. */
  watchRoom(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  /**
   * @internal Is a connection that nobody has any more to be closed, since a caller of another pool has waited longer than all of its own?
   *
   * @param isNew - nobody has had it yet: it serves the first of those for whom it was opened
   */
  takes(member: BudgetMember, isNew: boolean): boolean {
    if (this.#claims.size === 0 || this.hasRoom || (isNew && member.waiting > 0)) return false;
    return this.#isWanting(member, this.#closing());
  }

  /** @internal A shared lease has ended, others go on: a line that is never empty would never be given up. */
  shareEnded(member: BudgetMember, line: SharedLine): void {
    if (this.#claims.size === 0 || this.hasRoom || line.condemned !== undefined) return;
    this.#forgetDrained();
    if (!this.#isWanting(member, this.#closing() + this.#draining.size)) return;
    line.condemned = 'ceded';
    this.#draining.set(line, member);
  }

  /** @internal Gives the room that there is to those who have waited longest, and sees to it that there is some. */
  settle(): void {
    if (this.#claims.size + this.#draining.size + this.#watchers.size === 0) return;
    this.#again = true;
    if (this.#settling) return;
    this.#settling = true;
    try {
      while (this.#again) {
        this.#again = false;
        this.#grant();
        this.#makeRoom();
      }
    } finally {
      this.#settling = false;
    }
    this.#reprieve();
    if (this.hasRoom) for (const tell of [...this.#watchers]) tell();
  }

  #grant(): void {
    while (this.hasRoom) {
      const member = this.#oldestClaimant();
      if (member === undefined) return;
      const more = this.#claims.get(member)! - 1;
      if (member.open() && more > 0) this.#claims.set(member, more);
      else this.#claims.delete(member);
    }
  }

  #oldestClaimant(): BudgetMember | undefined {
    let oldest: BudgetMember | undefined;
    let oldestTurn = Number.POSITIVE_INFINITY;
    for (const [member, opens] of this.#claims) {
      // Its claim is for none that came before its oldest caller.
      if (oldest !== undefined && member.oldestTurn >= oldestTurn) continue;
      const turn = oldestOf(member, opens);
      if (oldest !== undefined && turn >= oldestTurn) continue;
      oldest = member;
      oldestTurn = turn;
    }
    return oldest;
  }

  /** Has as many idle connections closed as callers wait for, less those that are closing already. */
  #makeRoom(): void {
    while (this.#claims.size > 0 && !this.hasRoom) {
      const member = this.#longestIdle();
      if (member === undefined) return;
      member.cede();
    }
  }

  /** The pool whose idle connection is to be closed. One that is kept goes to none who came later: the room would come back to it. */
  #longestIdle(): BudgetMember | undefined {
    const closing = this.#closing();
    if (!this.#isShort(Number.POSITIVE_INFINITY, closing)) return undefined;
    let longest: BudgetMember | undefined;
    for (const member of this.#holding) {
      if (member.idleSince >= (longest?.idleSince ?? Number.POSITIVE_INFINITY)) continue;
      if (!member.keepsIdle || this.#isWanting(member, closing)) longest = member;
    }
    return longest;
  }

  /** Lines that need not empty any more take shares again. */
  #reprieve(): void {
    if (this.#draining.size === 0) return;
    this.#forgetDrained();
    const closing = this.#closing();
    let needed = 0;
    for (const [line, member] of [...this.#draining]) {
      if (this.#isWanting(member, closing + needed)) needed++;
      else {
        this.#draining.delete(line);
        line.condemned = undefined;
        member.dispatch();
      }
    }
  }

  #forgetDrained(): void {
    for (const line of this.#draining.keys()) {
      if (line.state !== State.leased || line.condemned !== 'ceded') this.#draining.delete(line);
    }
  }

  /** Do more callers of other pools wait for room than is coming, all of them longer than any of this one? */
  #isWanting(member: BudgetMember, coming: number): boolean {
    return this.#isShort(member.oldestTurn, coming, member);
  }

  /** Are more opens claimed for callers that came before `turn` than room is coming? */
  #isShort(turn: number, coming: number, besides?: BudgetMember): boolean {
    let claimed = 0;
    for (const [member, opens] of this.#claims) {
      if (member === besides || member.oldestTurn >= turn) continue;
      for (const its of member.claimTurns(opens)) {
        if (its >= turn) break;
        if (++claimed > coming) return true;
      }
    }
    return false;
  }

  /** The room that is coming: a connection counts for a second at the most once its end has begun. */
  #closing(): number {
    let closing = 0;
    for (const member of this.#holding) closing += member.closing;
    return closing;
  }
}

function oldestOf(member: BudgetMember, opens: number): number {
  for (const turn of member.claimTurns(opens)) return turn;
  return Number.POSITIVE_INFINITY;
}
