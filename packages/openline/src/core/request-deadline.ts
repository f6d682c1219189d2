// One deadline for all that is done for a request, whichever pools it asks.

import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from './clock.ts';
import { checkDeadline } from './options.ts';

/** The deadline that a chain of async calls is under. */
export class RequestDeadline {
  readonly #clock: Clock;
  readonly #at: number;
  /** What was given to `withDeadline`, in milliseconds. */
  readonly timeoutMs: number;

  constructor(timeoutMs: number, clock: Clock) {
    this.#clock = clock;
    this.#at = clock.now() + timeoutMs;
    this.timeoutMs = timeoutMs;
  }

  /** What is left, in milliseconds; below 0 once it is over. Read afresh: what a long turn has used up is gone. */
  get leftMs(): number {
    return this.#at - this.#clock.now();
  }
}

/** Whether there has ever been a deadline. Every acquire asks: a field read in its place, since a call costs it some 5 %. */
export const deadlines: { inUse: boolean } = { inUse: false };

/** Made by the first deadline only: below Node 24 a single `AsyncLocalStorage.run` doubles the price of every await in the process. */
let storage: AsyncLocalStorage<RequestDeadline> | undefined;

/** The deadline that the running code is under. */
export function requestDeadline(): RequestDeadline | undefined {
  return storage === undefined ? undefined : storage.getStore();
}

/** Whether the running code is under a deadline that is over. */
export function isTooLate(): boolean {
  const deadline = requestDeadline();
  return deadline !== undefined && deadline.leftMs <= 0;
}

/** Options of {@link withDeadline}. */
export interface DeadlineOptions {
  /** Where time comes from, `ManualClock` of `openline/testing` in tests. Default the machine's clock, whatever the pools have. */
  readonly clock?: Clock;
}

/**
 * Runs `work` under one deadline, and with it everything that follows from it, awaited or not: each acquire of any pool waits until that
 * deadline at the longest, or for its own timeout if that is shorter. Once the deadline is over an acquire is refused at once, and
 * `tryAcquire` lends nothing. The error is an `AcquireTimeoutError` which names the deadline, in `wait.requestTimeoutMs` too.
 *
 * Inside another deadline the earlier one counts. Neither the work itself nor a lease that it has is cut off. Opens belong to
 * the pool and have their own limit. What is begun in `work` and outlives the request, such as an interval, stays under the deadline: begin it outside.
 *
 * Below Node 24 the first call makes every await in the process dearer by some 100 ns, as any use of `AsyncLocalStorage` does.
 *
 * @param timeoutMs - milliseconds from now, from 1; finite
 * @param work - called at once
 * @returns what `work` returns.
 * @throws {@link InvalidOptionsError}, or what `work` throws.
 * @example
 * ```ts
 * import { createPool, withDeadline } from 'openline';
 *
 * const pool = createPool({ open: async () => ({ answer: 42 }) });
 * const answer = await withDeadline(2_000, async () => {
 *   const first = await pool.use((connection) => connection.answer);
 *   return pool.use((connection) => connection.answer + first); // has what the first one has left
 * });
 * console.log(answer); // 84
 * await pool.close();
 * ```
 */
export function withDeadline<T>(timeoutMs: number, work: () => T, options?: DeadlineOptions): T {
  const clock = checkDeadline(timeoutMs, options);
  const outer = requestDeadline();
  if (outer !== undefined && outer.leftMs <= timeoutMs) return work();
  storage ??= new AsyncLocalStorage();
  deadlines.inUse = true;
  return storage.run(new RequestDeadline(timeoutMs, clock), work);
}

/**
 * What the deadline of {@link withDeadline} leaves to the running code, in milliseconds: 0 once it is over, `undefined` where there is none.
 *
 * @internal
 */
export function remainingMs(): number | undefined {
  const deadline = requestDeadline();
  return deadline === undefined ? undefined : Math.max(deadline.leftMs, 0);
}
