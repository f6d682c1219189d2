// Time, injected: the only place in core that reads a clock or sets a timer.

import { performance } from 'node:perf_hooks';
import { outsideCallers } from './async-scope.ts';

/** A timer that was set and can be taken back. */
export interface TimerHandle {
  /** Takes the timer back; harmless once it has fired. */
  cancel(): void;
  /** Says whether this timer alone keeps the process alive. */
  keepAlive(alive: boolean): void;
}

/**
 * One reading of a clock. What begins at it refers to it: a reference takes no memory of its own and is handed on for
 * nothing, where a number with a fraction is copied to the heap each time it is kept.
 */
export interface Moment {
  /** Monotonic milliseconds. */
  readonly ms: number;
  /** Whether {@link Clock.turnNow} serves it still: whoever has it need not ask. A clock may leave it out, and is asked then. */
  readonly isServed?: boolean;
}

/** A reading taken now, which {@link Clock.turnNow} does not serve. */
export function freshMoment(clock: Clock): Moment {
  return { ms: clock.now(), isServed: false };
}

/** Where a pool reads the time and sets its timers. Replace it in tests with `ManualClock` of `openline/testing`. */
export interface Clock {
  /** Monotonic milliseconds, read now. */
  now(): number;
  /** A reading at most one turn of the event loop and 64 uses old, the same object as long as it serves: several times cheaper than {@link now}. */
  turnNow(): Moment;
  /** Milliseconds since the epoch: only to notice that the machine slept, and for people to read. */
  wallNow(): number;
  /** Calls `callback` once, `delayMs` milliseconds from now, in no caller's async context. The timer keeps the process alive until told otherwise. */
  setTimer(callback: () => void, delayMs: number): TimerHandle;
}

// Taken when the module loads, so that fake timers installed later by a test cannot stop a pool.
const realSetTimeout = setTimeout;
const realClearTimeout = clearTimeout;
const realSetImmediate = setImmediate;
const realMonotonic = performance.now.bind(performance);
/** Monotonic milliseconds of the machine, whatever clock a pool was given: for what the pool's own work costs. */
export const readMonotonic: () => number = realMonotonic;
const realWall = Date.now.bind(Date);

/** Node's `setTimeout` takes a 32-bit delay; a longer one would fire at once. */
const longestDelayMs = 2 ** 31 - 1;

/** How often a reading serves before the clock is asked again, so that a long chain of microtasks still sees time pass. */
const usesPerReading = 64;

/** Shorter limits count from a fresh reading of the clock; to longer ones the age of the turn's reading makes no difference. */
const freshBelowMs = 10_000;

/** Where a limit that is set now begins to count. */
export function momentFor(limitMs: number, clock: Clock): Moment {
  return limitMs < freshBelowMs ? freshMoment(clock) : clock.turnNow();
}

/** Reads a clock at most once per turn of the event loop, or once in 64 uses. */
export class TurnReading {
  readonly #read: () => number;
  readonly #atEndOfTurn: (forget: () => void) => void;
  #moment = { ms: Number.NaN, isServed: false };
  #usesLeft = 0;
  #willForget = false;

  constructor(read: () => number, atEndOfTurn: (forget: () => void) => void) {
    this.#read = read;
    this.#atEndOfTurn = atEndOfTurn;
  }

  /** The last reading while it serves, else a new one. */
  turnNow(): Moment {
    if (this.#usesLeft === 0) return this.#fresh();
    this.#usesLeft--;
    return this.#moment;
  }

  /** A new reading, which serves the rest of the turn. */
  now(): number {
    return this.#fresh().ms;
  }

  #fresh(): Moment {
    this.#moment.isServed = false;
    this.#moment = { ms: this.#read(), isServed: true };
    this.#usesLeft = usesPerReading - 1;
    if (!this.#willForget) {
      this.#willForget = true;
      this.#atEndOfTurn(this.#forget);
    }
    return this.#moment;
  }

  readonly #forget = (): void => {
    this.#willForget = false;
    this.#moment.isServed = false;
    this.#usesLeft = 0;
  };
}

class SystemTimer implements TimerHandle {
  readonly #timeout: NodeJS.Timeout;

  constructor(callback: () => void, delayMs: number) {
    this.#timeout = realSetTimeout(callback, Math.min(Math.max(delayMs, 0), longestDelayMs));
  }

  cancel(): void {
    realClearTimeout(this.#timeout);
  }

  keepAlive(alive: boolean): void {
    if (alive) this.#timeout.ref();
    else this.#timeout.unref();
  }
}

class SystemClock extends TurnReading implements Clock {
  constructor() {
    // Not counted as work to be done: the loop would otherwise turn once more, at a price that one query notices.
    super(realMonotonic, (forget) => void realSetImmediate(forget).unref());
  }

  wallNow(): number {
    return realWall();
  }

  setTimer(callback: () => void, delayMs: number): TimerHandle {
    return outsideCallers(() => new SystemTimer(callback, delayMs));
  }
}

/** The machine's own clock: the default of every pool. */
export const systemClock: Clock = new SystemClock();
