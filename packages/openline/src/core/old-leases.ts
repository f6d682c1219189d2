// Leases that have lasted: held weakly from then on, so that one that nobody has any more can be collected, with what must be said of it kept in words.

import { outsideCallers } from './async-scope.ts';
import type { Moment } from './clock.ts';
import type { Lease } from './lease.ts';
import type { Slot } from './slot.ts';

/** Stands in its slot for a lease that has lasted. Nothing that it refers to leads to the lease. */
export class OldLease<C> {
  readonly slot: Slot<C>;
  readonly began: Moment;
  /** In words: an unformatted stack keeps the receivers of its frames alive, and one of these may be what has the lease. */
  readonly place: string | undefined;
  readonly #lease: WeakRef<Lease<C>>;
  /** It was told of as overdue. */
  isOverdue = false;
  /** The pool ends it, not its holder. */
  isTakenBack = false;
  /** Nobody can end it any more. */
  isLeaked = false;
  /** Since when nothing is under way on the connection that a leaked lease has left behind. */
  quietSince: number | undefined = undefined;

  constructor(lease: Lease<C>, slot: Slot<C>) {
    this.slot = slot;
    this.began = lease.began;
    this.place = lease.place?.toString();
    this.#lease = new WeakRef(lease);
  }

  /** When it began, in the pool's monotonic milliseconds. */
  get acquiredAt(): number {
    return this.began.ms;
  }

  /** The lease itself, until it is collected. */
  get lease(): Lease<C> | undefined {
    return this.#lease.deref();
  }
}

/** A lease under way as its slot has it. */
export type Loan<C> = Lease<C> | OldLease<C>;

/** The old leases of one pool that have not ended. */
export class OldLeases<C> {
  readonly #all = new Set<OldLease<C>>();
  readonly #byLease = new WeakMap<Lease<C>, OldLease<C>>();
  readonly #registry: FinalizationRegistry<OldLease<C>>;

  /** @param onCollected - told, some time after it, that a lease was collected that had not ended */
  constructor(onCollected: (old: OldLease<C>) => void) {
    this.#registry = new FinalizationRegistry((old) => outsideCallers(() => onCollected(old)));
  }

  [Symbol.iterator](): Iterator<OldLease<C>> {
    return this.#all.values();
  }

  has(old: OldLease<C>): boolean {
    return this.#all.has(old);
  }

  /** What stands for a lease, if it is old. */
  of(lease: Lease<C>): OldLease<C> | undefined {
    return this.#byLease.get(lease);
  }

  /** Lets the slot of a lease go on without a reference to it. */
  add(lease: Lease<C>, slot: Slot<C>): void {
    const old = new OldLease(lease, slot);
    slot.replace(lease, old);
    this.#all.add(old);
    this.#byLease.set(lease, old);
    this.#registry.register(lease, old, old);
  }

  /** It has ended. */
  remove(old: OldLease<C>): void {
    this.#all.delete(old);
    this.#registry.unregister(old);
  }
}
