// Callers in the queue: each is offered a connection, refused, or leaves, once; whichever comes first.

import type { Moment } from './clock.ts';
import type { LeaseMode } from './holder.ts';
import type { Lease } from './lease.ts';
import type { WaitEnd } from './observer.ts';
import type { Place } from './place.ts';

/** On what terms a caller waits. One object serves all who wait on the pool's usual ones. */
export interface WaiterTerms<C> {
  readonly timeoutMs: number;
  /** The deadline of the whole request, if it is that which limits the wait. */
  readonly requestTimeoutMs: number | undefined;
  /** Where it was called, if that was captured. */
  readonly place: Place | undefined;
  /** What listens to the caller's signal, to be taken off again. */
  readonly abortion: Abortion | undefined;
  /** Told of the lease, while the pool marks its callers. */
  readonly granted: ((lease: Lease<C>) => void) | undefined;
  /** This caller already holds a lease of the pool. */
  readonly holdsAlready: boolean;
  /** What a shared lease is wanted for. */
  readonly claim: unknown;
  /** How long an exclusive lease is expected to last, in milliseconds; 0 where that is not known. */
  readonly expectedMs: number;
  /** Told how the wait ends, where an observer asked for it. */
  readonly ended: ((end: WaitEnd) => void) | undefined;
}

/** A caller that waits for a connection. There may be very many: it has no field that could be elsewhere, and each is written once. */
export class Waiter<C> {
  declare readonly resolve: (lease: Lease<C> | Promise<never>) => void;
  declare readonly began: Moment;
  /** Its number among all waiters of the pool: a smaller one came earlier. */
  declare readonly turn: number;
  declare terms: WaiterTerms<C>;
  declare previous: Waiter<C> | undefined;
  declare next: Waiter<C> | undefined;

  constructor(
    resolve: (lease: Lease<C> | Promise<never>) => void,
    began: Moment,
    turn: number,
    terms: WaiterTerms<C>,
  ) {
    this.resolve = resolve;
    this.began = began;
    this.turn = turn;
    this.terms = terms;
    this.previous = undefined;
    this.next = undefined;
  }

  get enqueuedAt(): number {
    return this.began.ms;
  }

  get deadline(): number {
    return this.began.ms + this.terms.timeoutMs;
  }

  /** Lets `told` know how the wait ends, beside whoever wanted that before. */
  whenEnded(told: (end: WaitEnd) => void): void {
    const before = this.terms.ended;
    const ended =
      before === undefined
        ? told
        : (end: WaitEnd): void => {
            before(end);
            told(end);
          };
    this.terms = { ...this.terms, ended };
  }

  /** Takes the offer. The caller must have taken the waiter out of its queue: that is what makes it happen once. */
  accept(lease: Lease<C>): void {
    const { abortion, granted } = this.terms;
    abortion?.detach();
    granted?.(lease);
    this.resolve(lease);
  }

  /** Ends the wait with an error. Rejecting through `resolve` saves each waiter the closure of its `reject`. */
  refuse(error: unknown): void {
    this.terms.abortion?.detach();
    this.terms.ended?.({ connectionId: undefined, error });
    this.resolve(Promise.reject(error));
  }
}

/** Told how an acquire ends, in the very turn in which it does. */
export interface Taker<C> {
  granted(lease: Lease<C>): void;
  refused(error: unknown): void;
}

/** Stands for a taker that waits, and lets it go. */
export interface Waiting {
  /** Leaves the queue; the taker is refused with `reason`. Does nothing once it was granted or refused. */
  withdraw(reason: unknown): void;
}

/** A caller that is told at once, not through a promise. */
export class TakerWaiter<C> extends Waiter<C> implements Waiting {
  readonly #taker: Taker<C>;
  readonly #mode: LeaseMode;
  readonly #leave: (waiter: Waiter<C>, mode: LeaseMode, reason: unknown) => void;

  constructor(
    taker: Taker<C>,
    mode: LeaseMode,
    leave: (waiter: Waiter<C>, mode: LeaseMode, reason: unknown) => void,
    began: Moment,
    turn: number,
    terms: WaiterTerms<C>,
  ) {
    super(unheard, began, turn, terms);
    this.#taker = taker;
    this.#mode = mode;
    this.#leave = leave;
  }

  override accept(lease: Lease<C>): void {
    this.terms.granted?.(lease);
    this.#taker.granted(lease);
  }

  override refuse(error: unknown): void {
    this.terms.ended?.({ connectionId: undefined, error });
    this.#taker.refused(error);
  }

  withdraw(reason: unknown): void {
    this.#leave(this, this.#mode, reason);
  }
}

function unheard(): void {}

/** A caller's signal, listened to while its waiter stands in the queue. */
export class Abortion {
  readonly #signal: AbortSignal;
  readonly #onAbort: () => void;

  constructor(signal: AbortSignal, onAbort: () => void) {
    this.#signal = signal;
    this.#onAbort = onAbort;
    signal.addEventListener('abort', this);
  }

  handleEvent(): void {
    this.#onAbort();
  }

  detach(): void {
    this.#signal.removeEventListener('abort', this);
  }
}

/** Waiters of one mode, first come first served; any of them can leave at no cost. */
export class WaiterQueue<C> {
  readonly mode: LeaseMode;
  readonly #all: { waiting: number };
  head: Waiter<C> | undefined = undefined;
  #tail: Waiter<C> | undefined = undefined;
  size = 0;
  /** Deadlines stand in the order of arrival: true until a shorter one is put behind a longer one. */
  #deadlinesInOrder = true;

  /** @param all - counts those who wait in every queue of the pool */
  constructor(mode: LeaseMode, all: { waiting: number }) {
    this.mode = mode;
    this.#all = all;
  }

  /** Returns whether its deadline is to be watched: behind somebody on the same terms it cannot be the next. */
  push(waiter: Waiter<C>): boolean {
    const tail = this.#tail;
    this.#tail = waiter;
    this.size++;
    this.#all.waiting++;
    if (tail === undefined) {
      this.head = waiter;
      this.#deadlinesInOrder = true;
      return true;
    }
    tail.next = waiter;
    waiter.previous = tail;
    if (waiter.terms === tail.terms) return false;
    if (waiter.deadline < tail.deadline) this.#deadlinesInOrder = false;
    return true;
  }

  /** Whether a waiter that was put into this queue is still there. */
  has(waiter: Waiter<C>): boolean {
    return waiter === this.head || waiter.previous !== undefined;
  }

  remove(waiter: Waiter<C>): void {
    const { previous, next } = waiter;
    if (previous === undefined) this.head = next;
    else previous.next = next;
    if (next === undefined) this.#tail = previous;
    else next.previous = previous;
    waiter.previous = undefined;
    waiter.next = undefined;
    this.size--;
    this.#all.waiting--;
  }

  /** Takes the oldest one out. */
  shift(): Waiter<C> | undefined {
    const { head } = this;
    if (head !== undefined) this.remove(head);
    return head;
  }

  /** Takes out everybody whose deadline has come, and says when the next one will. */
  takeExpired(now: number, expired: Waiter<C>[]): number {
    let nextDeadline = Number.POSITIVE_INFINITY;
    let waiter = this.head;
    while (waiter !== undefined) {
      const { next } = waiter;
      if (waiter.deadline <= now) {
        this.remove(waiter);
        expired.push(waiter);
      } else {
        nextDeadline = Math.min(nextDeadline, waiter.deadline);
        if (this.#deadlinesInOrder) break;
      }
      waiter = next;
    }
    return nextDeadline;
  }
}
