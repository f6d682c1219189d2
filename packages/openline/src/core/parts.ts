// What the workings of one pool share: its connector, its options, its slots, and what it knows and measures.

import { Breaker } from './breaker.ts';
import { BusyTime } from './busy-time.ts';
import type { Clock } from './clock.ts';
import type { Connector } from './connector.ts';
import type { PoolCounts } from './errors.ts';
import type { Explanations } from './explainer.ts';
import { Growth } from './growth.ts';
import { Measures } from './measures.ts';
import type { Membership } from './membership.ts';
import { Observers } from './observer.ts';
import type { ResolvedOptions } from './options.ts';
import { Outage } from './outage.ts';
import { type Slot, SlotTable, State } from './slot.ts';
import { WaiterQueue } from './waiter.ts';

/** Where a pool stands in its life. */
export type PoolState = 'running' | 'suspended' | 'closing' | 'closed';

/** An open under way, as an error tells of it. */
export interface OpenUnderWay {
  readonly startedAt: number;
  readonly currentPhase: string;
  /** Its address. */
  readonly to: string;
}

/** The shared parts of one pool. */
export class Parts<C> {
  readonly name: string;
  readonly connector: Connector<C>;
  readonly options: ResolvedOptions<C>;
  readonly clock: Clock;
  readonly slots: SlotTable<C> = new SlotTable<C>();
  /** Callers in the queues: counted by these, since every lease asks. */
  waiting = 0;
  readonly exclusive: WaiterQueue<C> = new WaiterQueue<C>('exclusive', this);
  readonly shared: WaiterQueue<C> = new WaiterQueue<C>('shared', this);
  readonly observers: Observers<C>;
  readonly measures: Measures = new Measures();
  readonly growth: Growth = new Growth(this.measures.use);
  readonly outage: Outage = new Outage();
  readonly breaker: Breaker<C>;
  /** Opens under way, the oldest first. */
  readonly opens: Set<OpenUnderWay> = new Set<OpenUnderWay>();
  readonly openingTime: BusyTime = new BusyTime();
  readonly validatingTime: BusyTime = new BusyTime();
  /**
   * One object of each class that the hot ways make, never used. V8 forgets the shape of objects when a full garbage collection finds none that has it,
   * and throws away all code compiled for it (`node --trace-opt` says "weak objects"): without these a pool that is idle at that moment would
   * be as slow afterwards as one that has just been made.
   */
  readonly models: object[] = [];
  /** Its place in the budget that it shares with other pools; set once, when the pool is put together. */
  membership: Membership<C> | undefined = undefined;
  /** Says why callers wait; set once, when the pool is put together. */
  explanations: Explanations | undefined = undefined;
  /** The last number given to a caller that waits. */
  readonly turns: { last: number };
  /** Shares that a connection is expected to carry; before the first one is open it is not known, and one is opened to find out. */
  expectedCapacity: number = Number.POSITIVE_INFINITY;
  /** Does an acquire mark what follows from it? */
  marksCallers = false;
  #state: PoolState = 'running';
  /** Is {@link state} any but `running`? Nothing is lent or opened then. */
  isHalted: boolean = false;
  #max: number;
  /** Changed by `resize()`. */
  min: number;
  /** May there be anything to be asked of an idle connection before it is lent? Where not, a lease need not ask the turnaround. */
  asksBeforeLending: boolean = false;
  /**
   * Is there anything to be asked of every connection that comes back? Whatever the connector and the options want, and after a resize or
   * at the end of the pool whether it is one too many: no lease asks before.
   */
  asksOnReturn: boolean = false;

  constructor(connector: Connector<C>, options: ResolvedOptions<C>) {
    this.name = options.name;
    this.connector = connector;
    this.options = options;
    this.clock = options.clock;
    this.turns = options.budget?.turns ?? { last: 0 };
    this.observers = new Observers(options.observers);
    this.#max = options.max;
    this.min = options.min;
    this.breaker = new Breaker(this);
  }

  get state(): PoolState {
    return this.#state;
  }

  set state(state: PoolState) {
    this.#state = state;
    this.isHalted = state !== 'running';
    if (this.isClosing) this.asksOnReturn = true;
  }

  get max(): number {
    return this.#max;
  }

  /** Changed by `resize()`. */
  set max(max: number) {
    this.#max = max;
    this.asksOnReturn = true;
  }

  get isClosing(): boolean {
    return this.isHalted && this.#state !== 'suspended';
  }

  /** May one more connection be opened that nobody waits for? */
  get hasRoom(): boolean {
    return this.slots.size < this.max && this.membership?.hasRoom !== false;
  }

  counts(): PoolCounts {
    const { slots } = this;
    return {
      max: this.max,
      size: slots.size,
      idle: slots.count(State.idle),
      leased: slots.count(State.leased),
      opening: slots.count(State.opening),
      validating: slots.count(State.validating),
      resetting: slots.count(State.resetting),
      closing: slots.count(State.closing),
      detached: slots.count(State.detached),
      waiting: this.waiting,
    };
  }

  /** Why callers wait, for the error of one who does not; nothing where none does. */
  whyOthersWait(): string | undefined {
    return this.waiting > 0 ? this.explanations?.explain() : undefined;
  }

  /** What every event about one connection says. */
  event(slot: Slot<C>): { poolName: string; connectionId: number; connection: C | undefined } {
    return { poolName: this.name, connectionId: slot.id, connection: slot.connection };
  }

  /** The most opens that the connector wants to be under way now. */
  opensAtOnce(): number {
    try {
      // With none at all nobody would ever be served.
      return Math.max(this.connector.opensAtOnce?.() ?? Number.POSITIVE_INFINITY, 1) || 1;
    } catch {
      return 1;
    }
  }

  /** Is nothing under way on an open connection, as far as its connector can tell? */
  isQuiet(slot: Slot<C>): boolean {
    try {
      return this.connector.isQuiet?.(slot.connection as C) ?? true;
    } catch {
      return false;
    }
  }

  /** The shared leases that a connection carries at once, asked of its connector. */
  readonly capacityOf = (slot: Slot<C>): number => {
    let capacity = 1;
    try {
      capacity = this.connector.capacity?.(slot.connection as C) ?? 1;
    } catch {
      // It carries what every connection does.
    }
    // A connection that takes nothing any more says nothing of those to come.
    if (capacity >= 1) this.expectedCapacity = capacity;
    return capacity;
  };

  /** Does a lease that ends on it make room for another one? */
  readonly makesRoom = (slot: Slot<C>): boolean =>
    slot.condemned === undefined && (slot.lease !== undefined || slot.leases <= this.capacityOf(slot));
}
