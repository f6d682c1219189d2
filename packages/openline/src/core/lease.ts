// The loan of a connection, or of a share of it: it ends exactly once.

import type { Moment } from './clock.ts';
import { LeaseError } from './errors.ts';
import type { LeaseMode } from './holder.ts';
import { type Place, placeBudget } from './place.ts';
import type { Slot } from './slot.ts';

/** How a lease ended. */
export type LeaseEnd = 'released' | 'discarded' | 'detached' | LeaseTaken;

/** How the pool ends a lease: when it closes, or when the lease has been held for too long. */
export type LeaseTaken = 'taken back by the pool' | 'taken back by the pool at leakThresholdMs';

interface Ending {
  readonly how: LeaseEnd;
  readonly place: Place | undefined;
}

function isTaken(ending: Ending | undefined): boolean {
  return (
    ending?.how === 'taken back by the pool' || ending?.how === 'taken back by the pool at leakThresholdMs'
  );
}

/** What a lease tells the pool that made it. Each lease tells one of these, once. */
export interface Lender<C> {
  readonly name: string;
  released(lease: Lease<C>, slot: Slot<C>): void;
  discarded(lease: Lease<C>, slot: Slot<C>, reason: unknown): void;
  detached(lease: Lease<C>, slot: Slot<C>): void;
}

/**
 * The loan of a connection. End it exactly once: {@link release}, {@link discard} or {@link detach}, or with `using`.
 *
 * @example
 * ```ts
 * using lease = await pool.acquire();
 * await lease.connection.query('select 1');
 * ```
 */
export class Lease<C> {
  readonly #lender: Lender<C>;
  #slot: Slot<C> | undefined;
  /** How it ended and where; nothing for most, which were released, and began at a place that was not captured. */
  #ending: Ending | undefined = undefined;
  /** @internal When it began. */
  declare readonly began: Moment;
  /** Where it was acquired, if that was captured. */
  declare readonly place: Place | undefined;
  /**
   * @internal A promise that is resolved with a lease looks for its `then`: found here, as nothing, it is not looked for any further. The last of the
   * fields, since V8 looks through them from there.
   */
  // biome-ignore lint/suspicious/noThenProperty: it makes the lease no promise.
  declare readonly then: undefined;

  /** @internal */
  constructor(lender: Lender<C>, slot: Slot<C>, began: Moment, place: Place | undefined) {
    this.#lender = lender;
    this.#slot = slot;
    this.began = began;
    this.place = place;
    // biome-ignore lint/suspicious/noThenProperty: as above.
    this.then = undefined;
  }

  /**
   * The connection, yours until the lease ends.
   *
   * @throws {@link LeaseError} after the end.
   */
  get connection(): C {
    const slot = this.#slot;
    if (slot === undefined) throw Lease.#tooLate(this, 'its connection was used');
    return slot.connection as C;
  }

  /** When it began, in the pool's monotonic milliseconds. */
  get acquiredAt(): number {
    return this.began.ms;
  }

  /** Whether the lease has ended. */
  get ended(): boolean {
    return this.#slot === undefined;
  }

  /** Whether the connection is lent alone or shared; `undefined` after the end. */
  get mode(): LeaseMode | undefined {
    return this.#slot?.mode;
  }

  /**
   * Gives the connection back for the next one.
   *
   * @throws {@link LeaseError} when the lease had ended before; the error names the place of that first end.
   */
  release(): void {
    const slot = Lease.#ends(this, 'released', this.release);
    if (slot !== undefined) this.#lender.released(this, slot);
  }

  /**
   * Gives the connection back to be closed: it is broken, or in a state that nobody should get.
   *
   * @param reason - an error or a word, for observers
   * @throws {@link LeaseError} when the lease had ended before.
   */
  discard(reason?: unknown): void {
    const slot = Lease.#ends(this, 'discarded', this.discard);
    if (slot !== undefined) this.#lender.discarded(this, slot, reason);
  }

  /**
   * Takes the connection out of the pool for good: it is yours to close. It keeps its place in `max` until the connector's
   * `onLost` reports its end; with a connector that cannot tell, the place is given up at once.
   *
   * @throws {@link LeaseError} when the lease had ended before, or is shared.
   */
  detach(): C {
    const { connection } = this;
    if (this.mode === 'shared') {
      throw new LeaseError(
        this.#lender.name,
        'a shared lease cannot be detached: acquire it with mode "exclusive"',
      );
    }
    this.#lender.detached(this, Lease.#ends(this, 'detached', this.detach)!);
    return connection;
  }

  /** Releases, unless the lease has ended. */
  [Symbol.dispose](): void {
    if (this.#slot !== undefined) this.release();
  }

  /** Releases, unless the lease has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]();
  }

  /** @internal The pool takes its connection back: that the holder ends the lease later is forgiven. */
  takeBack(taken: LeaseTaken): void {
    const slot = this.#slot;
    if (slot === undefined) return;
    this.#slot = undefined;
    this.#ending = { how: taken, place: undefined };
    this.#lender.released(this, slot);
  }

  // Static, as the others: a private method of the instance marks each instance with its class when it is made.
  /** Ends the lease and says what it had; nothing where the pool had taken that back. */
  // biome-ignore lint/complexity/noBannedTypes: any function at all may stand in a stack.
  static #ends<C>(lease: Lease<C>, end: LeaseEnd, below: Function): Slot<C> | undefined {
    const slot = lease.#slot;
    if (slot === undefined) Lease.#again(lease, end);
    else {
      lease.#slot = undefined;
      if (end !== 'released' || lease.place !== undefined) lease.#ending = Lease.#endingOf(lease, end, below);
    }
    return slot;
  }

  // Where the budget had nothing left for the place of the beginning, it has nothing for the end.
  // biome-ignore lint/complexity/noBannedTypes: any function at all may stand in a stack.
  static #endingOf<C>(lease: Lease<C>, how: LeaseEnd, below: Function): Ending {
    const place = lease.place === undefined ? undefined : placeBudget.capture(lease.began, below, undefined);
    return { how, place };
  }

  static #again<C>(lease: Lease<C>, did: LeaseEnd): void {
    if (!isTaken(lease.#ending)) throw Lease.#tooLate(lease, did);
  }

  static #tooLate<C>(lease: Lease<C>, did: string): LeaseError {
    const { how, place }: Ending = lease.#ending ?? { how: 'released', place: undefined };
    const where = isTaken(lease.#ending) ? '' : ` at ${place ?? 'a place not captured'}`;
    const ended = `${did} after the lease had been ${how}${where}`;
    const acquired = lease.place === undefined ? '' : ` (acquired at ${lease.place})`;
    return new LeaseError(lease.#lender.name, ended + acquired, place?.toString());
  }
}
