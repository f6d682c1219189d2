// Time that moves only when a test says so.
import { AsyncResource } from 'node:async_hooks';
import type { Clock, Moment, TimerHandle } from '../core/index.ts';

const realSetImmediate = setImmediate;

/** Timers of the real clock run in no caller's async context; so do these. */
const ownScope = new AsyncResource('OPENLINE_MANUAL_CLOCK', { requireManualDestroy: true });

/** More timers than this at one instant set each other for ever. */
const mostAtOneInstant = 100_000;

const defaultWallMs = Date.UTC(2026, 0, 1);

/** One timer of a {@link ManualClock} that has not fired. */
export interface PendingTimer {
  /** How far ahead it is, in milliseconds; negative when {@link ManualClock.jump} has passed it. */
  readonly dueInMs: number;
  /** Whether a real timer like it would keep the process alive. */
  readonly keepsAlive: boolean;
}

class ManualTimer implements TimerHandle {
  readonly callback: () => void;
  readonly dueAt: number;
  keepsAlive = true;
  readonly #timers: Set<ManualTimer>;

  constructor(callback: () => void, dueAt: number, timers: Set<ManualTimer>) {
    this.callback = callback;
    this.dueAt = dueAt;
    this.#timers = timers;
    timers.add(this);
  }

  cancel(): void {
    this.#timers.delete(this);
  }

  keepAlive(alive: boolean): void {
    this.keepsAlive = alive;
  }
}

/**
 * A clock for tests: nothing happens until {@link advance} is called, and then everything happens in order.
 *
 * @example
 * ```ts
 * import { createPool } from 'openline';
 * import { FakeConnector, ManualClock } from 'openline/testing';
 *
 * const clock = new ManualClock();
 * const pool = createPool(new FakeConnector({ open: 'never' }), { clock, acquireTimeoutMs: 2_000 });
 * const acquire = pool.acquire().catch((error) => error.code);
 * await clock.advance(2_000);
 * console.log(await acquire); // OPENLINE_ACQUIRE_TIMEOUT
 * ```
 */
export class ManualClock implements Clock {
  #now: number;
  #wall: number;
  #moment: Moment = { ms: Number.NaN };
  #advancing = false;
  readonly #timers = new Set<ManualTimer>();

  /**
   * @param start - `nowMs`: the monotonic time to begin with, in milliseconds, default 0; `wallMs`: the wall's, in milliseconds
   * since the epoch, default the first of January 2026
   */
  constructor({
    nowMs = 0,
    wallMs = defaultWallMs,
  }: { readonly nowMs?: number; readonly wallMs?: number } = {}) {
    this.#now = nowMs;
    this.#wall = wallMs;
  }

  /** Monotonic milliseconds. */
  now(): number {
    return this.#now;
  }

  /** The same: time stands still within a turn anyway. */
  turnNow(): Moment {
    if (this.#moment.ms !== this.#now) this.#moment = { ms: this.#now };
    return this.#moment;
  }

  /** Milliseconds since the epoch. */
  wallNow(): number {
    return this.#wall;
  }

  /** Sets a timer that fires when the clock is advanced to its time. A delay below 0 counts as 0. */
  setTimer(callback: () => void, delayMs: number): TimerHandle {
    return new ManualTimer(callback, this.#now + Math.max(delayMs, 0), this.#timers);
  }

  /** The timers that have not fired, the next one first: none may be left after `pool.close()`. */
  get pending(): readonly PendingTimer[] {
    return [...this.#timers]
      .sort((a, b) => a.dueAt - b.dueAt)
      .map(({ dueAt, keepsAlive }) => ({ dueInMs: dueAt - this.#now, keepsAlive }));
  }

  /** Runs everything that promises have made ready, and moves no time. */
  settle(): Promise<void> {
    return new Promise((resolve) => {
      realSetImmediate(resolve);
    });
  }

  /**
   * Moves the time on and fires the timers that come due, in the order of their times (those of one time in the order in which
   * they were set). Promises settle before the first timer, after each one, and at the end.
   *
   * @param ms - from 0; with 0 only timers fire that are due already
   * @throws RangeError for a negative or infinite time; Error when another advance is under way.
   */
  async advance(ms: number): Promise<void> {
    const until = this.#begin(ms);
    try {
      await this.settle();
      for (let fired = 0; this.#fireNext(until, fired); fired++) await this.settle();
      this.#moveTo(until);
    } finally {
      this.#advancing = false;
    }
  }

  /**
   * The same without letting promises settle in between: what a single turn of the event loop sees when it took `ms`.
   *
   * @throws like {@link advance}.
   */
  advanceSync(ms: number): void {
    const until = this.#begin(ms);
    try {
      for (let fired = 0; this.#fireNext(until, fired); fired++);
      this.#moveTo(until);
    } finally {
      this.#advancing = false;
    }
  }

  /**
   * Moves both times on without firing timers, as for a process that was frozen; those that came due fire, late, at the next
   * {@link advance}.
   *
   * @throws RangeError for a negative or infinite time.
   */
  jump(ms: number): void {
    this.#moveTo(this.#now + checked(ms));
  }

  /** Moves the wall's time alone, back or on, as when it was set or the machine slept. */
  jumpWall(ms: number): void {
    this.#wall += ms;
  }

  #begin(ms: number): number {
    checked(ms);
    if (this.#advancing) throw new Error('ManualClock: another advance is under way; await it first');
    this.#advancing = true;
    return this.#now + ms;
  }

  /** Fires the next timer up to `until`; returns whether there was one. */
  #fireNext(until: number, fired: number): boolean {
    let next: ManualTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueAt <= until && (next === undefined || timer.dueAt < next.dueAt)) next = timer;
    }
    if (next === undefined) return false;
    if (fired > mostAtOneInstant && next.dueAt <= this.#now) {
      throw new Error(
        `ManualClock: over ${mostAtOneInstant} timers fired, and more are due at ${this.#now} ms`,
      );
    }
    this.#timers.delete(next);
    this.#moveTo(Math.max(next.dueAt, this.#now));
    ownScope.runInAsyncScope(next.callback);
    return true;
  }

  #moveTo(now: number): void {
    if (now <= this.#now) return;
    this.#wall += now - this.#now;
    this.#now = now;
  }
}

function checked(ms: number): number {
  if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`ManualClock: cannot move by ${ms} ms; give 0 or more`);
  }
  return ms;
}
