// One connection's place in the pool, the states it may be in, and the one function that moves it between them.

import type { Check } from './check.ts';
import type { LeaseMode } from './holder.ts';
import type { Lease } from './lease.ts';
import type { CloseReason } from './observer.ts';
import type { Loan, OldLease } from './old-leases.ts';

/** States are numbers, since a lease passes through two of them and each passage counts. */
export const State = {
  opening: 0,
  idle: 1,
  leased: 2,
  validating: 3,
  resetting: 4,
  detached: 5,
  closing: 6,
  closed: 7,
} as const;

/** The name of a state. */
export type StateName = keyof typeof State;
export type State = (typeof State)[StateName];

export const stateNames: readonly StateName[] = Object.keys(State) as StateName[];

const bits = (...states: State[]): number => states.reduce<number>((mask, state) => mask | (1 << state), 0);

/** The legal moves: for each state, the states that may follow it. */
const legalMoves: readonly number[] = [
  /* opening    */ bits(State.idle, State.closing, State.closed),
  /* idle       */ bits(State.leased, State.validating, State.closing),
  /* leased     */ bits(State.idle, State.resetting, State.detached, State.closing),
  /* validating */ bits(State.idle, State.closing),
  /* resetting  */ bits(State.idle, State.closing),
  /* detached   */ bits(State.closed),
  /* closing    */ bits(State.closed),
  /* closed     */ 0,
];

// What every lease asks for: a module's own constants are compiled into the code, while what it exports or imports is looked up at each use.
const idleState = State.idle;
const leasedState = State.leased;

function illegalMove(id: number, from: State, to: State): Error {
  return new Error(`openline: connection ${id} cannot go from ${stateNames[from]} to ${stateNames[to]}`);
}

/** One connection's place in the pool. Its times are the pool's monotonic milliseconds. */
export class Slot<C> {
  readonly id: number;
  /** Changed by {@link SlotTable} alone. */
  state: State = State.opening;
  connection: C | undefined = undefined;
  /** When the open began, and after it when the connection was open. */
  bornAt: number;
  /** When nobody had it any more. */
  idleSince = 0;
  /** When its idleness has lasted too long for it to be lent. */
  reusableUntil: number = Number.POSITIVE_INFINITY;
  /** When it last answered an open or a validation. */
  answeredAt = 0;
  /** When the validation under way began. */
  checkedSince = 0;
  /** The validation or reset under way. */
  check: Check | undefined = undefined;
  /** When its lifetime is over. */
  expiresAt: number = Number.POSITIVE_INFINITY;
  /** Leases that it has carried. */
  uses = 0;
  /** Why it will be closed once nobody has it; a mark, not a state. */
  condemned: CloseReason | undefined = undefined;
  /** What killed it, or why its holder discarded it. */
  fault: unknown = undefined;
  /** It must be validated before it is lent, however fresh it looks. */
  suspect = false;
  /** The exclusive lease under way. */
  lease: Loan<C> | undefined = undefined;
  /** The shared leases under way; made when the first one is. */
  shares: Set<Loan<C>> | undefined = undefined;
  /** A waiting exclusive lease has chosen this line: it takes no new shares, so that it empties. */
  reserved = false;

  constructor(id: number, bornAt: number) {
    this.id = id;
    this.bornAt = bornAt;
  }

  /** When it was last known to live. */
  get aliveAt(): number {
    return Math.max(this.answeredAt, this.idleSince);
  }

  /** Has it been idle for too long to be lent? What has not been idle at all is not. */
  isPastReuse(now: number): boolean {
    return now >= this.reusableUntil && now > this.idleSince;
  }

  /** Leases under way. */
  get leases(): number {
    return this.lease !== undefined ? 1 : (this.shares?.size ?? 0);
  }

  /** How it is lent now; `undefined` when it is not. */
  get mode(): LeaseMode | undefined {
    if (this.state !== State.leased) return undefined;
    return this.lease !== undefined ? 'exclusive' : 'shared';
  }

  /** The leases under way, whichever their mode. */
  *holders(): Iterable<Loan<C>> {
    if (this.lease !== undefined) yield this.lease;
    if (this.shares !== undefined) yield* this.shares;
  }

  /** Puts what stands for a lease into its place. */
  replace(lease: Lease<C>, old: OldLease<C>): void {
    if (this.lease === lease) this.lease = old;
    else if (this.shares?.delete(lease) === true) this.shares.add(old);
  }
}

/** Every slot of one pool, the idle ones in the order of their last use, and the counts of each state. */
export class SlotTable<C> {
  readonly #slots = new Set<Slot<C>>();
  /** By state, but for idle and leased slots: the idle order says how many those are, so that no lease needs to count. */
  readonly #counts = new Int32Array(stateNames.length);
  /** Idle slots, the most recently used last. */
  readonly idle: Slot<C>[] = [];
  /** Told of each connection more or less. */
  onResize: ((by: 1 | -1) => void) | undefined = undefined;
  /** Slots under shared leases. */
  readonly shared: Set<Slot<C>> = new Set<Slot<C>>();
  #nextId = 1;
  #size = 0;

  /** Connections of every state that counts against `max`. */
  get size(): number {
    return this.#size;
  }

  /** Connections that are not on their way out. */
  get staying(): number {
    return this.#size - this.#counts[State.closing]!;
  }

  /** Connections that are open and not on their way out. */
  get live(): number {
    const counts = this.#counts;
    return this.#size - counts[State.opening]! - counts[State.detached]! - counts[State.closing]!;
  }

  count(state: State): number {
    const counts = this.#counts;
    if (state === State.idle) return this.idle.length;
    if (state === State.leased)
      return this.live - this.idle.length - counts[State.validating]! - counts[State.resetting]!;
    return counts[state]!;
  }

  [Symbol.iterator](): Iterator<Slot<C>> {
    return this.#slots.values();
  }

  /** A new slot, opening. */
  add(now: number): Slot<C> {
    const slot = new Slot<C>(this.#nextId++, now);
    this.#slots.add(slot);
    this.#size++;
    this.#counts[State.opening]!++;
    this.onResize?.(1);
    return slot;
  }

  /** Moves a slot to another state: here, and in the two below, states and counts change, and nowhere else. */
  move(slot: Slot<C>, to: State): void {
    const from = slot.state;
    if ((legalMoves[from]! & (1 << to)) === 0) throw illegalMove(slot.id, from, to);
    this.#counts[from]!--;
    this.#counts[to]!++;
    slot.state = to;
    if (to === State.closed) this.#forget(slot);
  }

  /** {@link move} from idle to leased, as every lease begins. */
  lend(slot: Slot<C>): void {
    if (slot.state !== idleState) throw illegalMove(slot.id, slot.state, leasedState);
    slot.state = leasedState;
  }

  /** {@link move} to idle, as most leases end: the last in the idle order. */
  rest(slot: Slot<C>, now: number): void {
    if (slot.state === leasedState) slot.state = idleState;
    else this.move(slot, idleState);
    slot.idleSince = now;
    this.idle.push(slot);
  }

  #forget(slot: Slot<C>): void {
    this.#counts[State.closed]!--;
    this.#slots.delete(slot);
    this.#size--;
    this.onResize?.(-1);
  }

  /** Takes a slot out of the idle order, wherever it stands. */
  takeIdle(slot: Slot<C>): void {
    const { idle } = this;
    if (idle[idle.length - 1] === slot) idle.pop();
    else idle.splice(idle.indexOf(slot), 1);
  }

  /** Puts the slot that became idle last back among those that have been idle since `idleSince`. */
  putBack(slot: Slot<C>, idleSince: number): void {
    const { idle } = this;
    slot.idleSince = idleSince;
    this.takeIdle(slot);
    let index = idle.length;
    while (index > 0 && idle[index - 1]!.idleSince > idleSince) index--;
    idle.splice(index, 0, slot);
  }
}
