// The deadlines of all who wait, kept with one timer, and the error of those who reach theirs.

import { Alarm } from './alarm.ts';
import { AcquireTimeoutError, ConnectError, type PoolCounts, type WaitMeasures } from './errors.ts';
import type { HolderInfo } from './holder.ts';
import type { NestingGuard } from './nesting.ts';
import type { Parts } from './parts.ts';
import { placeBudget } from './place.ts';
import { State } from './slot.ts';
import { holdersOf } from './status.ts';
import type { Waiter, WaiterTerms } from './waiter.ts';

const holdersInError = 5;

/** What limited a wait. */
type WaitLimits = Pick<WaiterTerms<unknown>, 'timeoutMs' | 'requestTimeoutMs' | 'holdsAlready'>;

/** Is every connection leased, and has none come back since `from`? One that had would have been lent anew after it. */
export function isStarved<C>({ slots, max }: Parts<C>, from: number): boolean {
  if (slots.count(State.leased) < max) return false;
  for (const slot of slots) {
    for (const lease of slot.holders()) if (lease.acquiredAt > from) return false;
  }
  return true;
}

/** Ends the wait of those whose deadline has come. */
export class Deadlines<C> {
  readonly #parts: Parts<C>;
  readonly #nesting: NestingGuard;
  readonly #onExpired: () => void;
  readonly #alarm: Alarm;

  /** @param onExpired - called when somebody has left the queue */
  constructor(parts: Parts<C>, nesting: NestingGuard, onExpired: () => void) {
    this.#parts = parts;
    this.#nesting = nesting;
    this.#onExpired = onExpired;
    this.#alarm = new Alarm(parts.clock, () => this.#expire(), false);
  }

  watch(deadline: number): void {
    if (deadline < this.#alarm.at) this.#alarm.ringBy(deadline);
  }

  /** A waiter keeps the process alive, so that it hears of its end; an empty queue does not. */
  keepAlive(alive: boolean): void {
    this.#alarm.keepAlive(alive);
  }

  stop(): void {
    this.#alarm.cancel();
  }

  #expire(): void {
    const parts = this.#parts;
    const now = parts.clock.now();
    const expired: Waiter<C>[] = [];
    const next = Math.min(parts.exclusive.takeExpired(now, expired), parts.shared.takeExpired(now, expired));
    if (next < Number.POSITIVE_INFINITY) this.#alarm.ringBy(next);
    const counts = parts.counts();
    const holders = holdersOf(parts, now).slice(0, holdersInError);
    parts.measures.timedOut += expired.length;
    // Holders that give up at their own deadlines free one connection after the other: the pool never starves, and is held by callers that wait for it.
    if (expired.length > 0 && counts.leased >= parts.max) this.#nesting.starving(now);
    const diagnosis = expired.length === 0 ? undefined : parts.explanations?.explain();
    for (const waiter of expired) {
      const error = this.#error(waiter.enqueuedAt, waiter.terms, now, counts, holders, diagnosis);
      waiter.refuse(error);
      parts.observers.tell('timedOut', { poolName: parts.name, waitedMs: now - waiter.enqueuedAt, error });
    }
    if (expired.length > 0) placeBudget.favour(parts, now);
    this.#onExpired();
  }

  /** The error of an acquire that would not wait at all. */
  atOnce(now: number): AcquireTimeoutError {
    return this.#refused(now, undefined, this.#nesting.holdsAlready, this.#parts.whyOthersWait());
  }

  /** The error of an acquire for a request whose deadline is over. */
  tooLate(requestTimeoutMs: number, now: number): AcquireTimeoutError {
    return this.#refused(now, requestTimeoutMs, false);
  }

  #refused(
    now: number,
    requestTimeoutMs: number | undefined,
    holdsAlready: boolean,
    diagnosis?: string,
  ): AcquireTimeoutError {
    const parts = this.#parts;
    parts.measures.timedOut++;
    const holders = holdersOf(parts, now).slice(0, holdersInError);
    const limits = { timeoutMs: 0, requestTimeoutMs, holdsAlready };
    return this.#error(now, limits, now, parts.counts(), holders, diagnosis);
  }

  #error(
    from: number,
    { timeoutMs, requestTimeoutMs, holdsAlready }: WaitLimits,
    now: number,
    counts: PoolCounts,
    holders: readonly HolderInfo[],
    diagnosis?: string,
  ): AcquireTimeoutError {
    const { name, openingTime, validatingTime, outage } = this.#parts;
    const waitedMs = now - from;
    const openingMs = openingTime.within(from, now);
    const validatingMs = Math.min(validatingTime.within(from, now), waitedMs - openingMs);
    const wait = {
      timeoutMs,
      requestTimeoutMs,
      waitedMs,
      openingMs,
      validatingMs,
      queuedMs: waitedMs - openingMs - validatingMs,
    };
    const starved = waitedMs > 0 && isStarved(this.#parts, from);
    if (starved) this.#nesting.starving(now);
    const nested = holdsAlready ? 'proven' : starved ? 'suspected' : undefined;
    const cause = outage.lastFailure ?? this.#stillOpening(wait, now);
    const shortage = this.#parts.membership?.shortage();
    return new AcquireTimeoutError(name, wait, counts, holders, nested, cause, shortage, diagnosis);
  }

  /** With nothing open, and most of the wait spent on an open that has not ended yet, what that one waits for is the cause. */
  #stillOpening({ waitedMs, openingMs }: WaitMeasures, now: number): ConnectError | undefined {
    const { name, opens, outage, slots } = this.#parts;
    const [oldest] = opens;
    if (oldest === undefined || slots.live > 0 || openingMs < waitedMs / 2) return undefined;
    const { currentPhase: phase, to: address, startedAt } = oldest;
    const failure = {
      phase,
      address,
      attempts: outage.attempts + 1,
      tookMs: now - startedAt,
      timedOut: true,
    };
    return new ConnectError(name, failure, undefined);
  }
}
