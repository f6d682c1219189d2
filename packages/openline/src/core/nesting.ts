// Tells a caller that waits for the pool it has itself emptied: suspected from what is free to see, then proven by marking callers.

import { AsyncLocalStorage } from 'node:async_hooks';

/** What a chain of async calls carries while callers are marked: an acquire, and those before it in the same chain. */
interface Mark {
  readonly pool: object;
  readonly before: Mark | undefined;
  /** The lease it led to, once the caller can know of it; held weakly, since what was begun in the chain may live for ever. */
  lease: WeakRef<{ readonly ended: boolean }> | undefined;
}

function isHeld({ lease }: Mark): boolean {
  return lease?.deref()?.ended === false;
}

/** How long callers stay marked after the pool was last seen starving. */
const markedForMs = 60_000;

/**
 * One pool's guard. Marks are off until the pool starves, or callers wait at it for long: below Node 24 a single `AsyncLocalStorage.run` anywhere doubles the price
 * of every await in the process.
 */
export class NestingGuard {
  readonly #pool: { marksCallers: boolean };
  #storage: AsyncLocalStorage<Mark> | undefined;
  #starvedAt = 0;

  /** @param pool - says whether callers are marked, since every acquire asks */
  constructor(pool: { marksCallers: boolean }) {
    this.#pool = pool;
  }

  /** Every connection is leased, and either nothing has come back for a while, or somebody has waited for long. */
  starving(now: number): void {
    this.#starvedAt = now;
    this.#storage ??= new AsyncLocalStorage();
    this.#pool.marksCallers = true;
  }

  /** Stops marking when the pool has been well for long enough. */
  calm(now: number): void {
    if (now - this.#starvedAt >= markedForMs) this.stop();
  }

  /** Stops marking: what is left of it would cost every await in the process. */
  stop(): void {
    this.#storage?.disable();
    this.#storage = undefined;
    this.#pool.marksCallers = false;
  }

  /** Does this chain of calls hold a lease of this pool already? */
  get holdsAlready(): boolean {
    for (let mark = this.#storage?.getStore(); mark !== undefined; mark = mark.before) {
      if (mark.pool === this && isHeld(mark)) return true;
    }
    return false;
  }

  /** Marks what follows an acquire in this chain of calls. Returns what to tell when the lease is granted. */
  mark(): (lease: { readonly ended: boolean }) => void {
    const storage = this.#storage;
    if (storage === undefined) return () => undefined;
    // A mark without a lease yet was made by a sibling in the same run of code, which this chain does not follow from; one
    // whose lease has ended says nothing any more.
    let before = storage.getStore();
    while (before !== undefined && !isHeld(before)) before = before.before;
    const mark: Mark = { pool: this, before, lease: undefined };
    storage.enterWith(mark);
    // A turn of the microtasks later: only code behind the caller's await may find the lease.
    return (lease) => void Promise.resolve().then(() => (mark.lease = new WeakRef(lease)));
  }
}
