// How late the event loop is: a timer that says how long after its time it came, one for all who want to know.

import type { Clock, TimerHandle } from '../core/index.ts';

const everyMs = 20;
/** Timers are a little late on a machine with nothing to do; this much is nobody's fault. */
const usualMs = 10;

/** What delayed the event loop in a time. */
export interface LoopDelay {
  /** The time together by which the probe came late, in milliseconds, beyond what is usual. */
  readonly blockedMs: number;
  /** The longest single delay, in milliseconds. */
  readonly longestMs: number;
}

/** Nothing is known, or nothing delayed it. */
export const noDelay: LoopDelay = { blockedMs: 0, longestMs: 0 };

/** The timer of all probes of one clock. */
class Pulse {
  readonly #clock: Clock;
  readonly #tellers = new Set<(lateMs: number) => void>();
  #timer: TimerHandle | undefined;
  #dueAt = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  join(teller: (lateMs: number) => void): void {
    // What was late before is not told to who comes now.
    if (this.#tellers.size > 0) this.look();
    this.#tellers.add(teller);
    if (this.#timer === undefined) this.#next();
  }

  leave(teller: (lateMs: number) => void): void {
    this.#tellers.delete(teller);
    if (this.#tellers.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** A delay that is not over yet counts too. */
  look(): void {
    const now = this.#clock.now();
    const lateMs = now - this.#dueAt - usualMs;
    if (this.#timer === undefined || lateMs <= 0) return;
    // Up to now it is counted.
    this.#dueAt = now;
    for (const tell of this.#tellers) tell(lateMs);
  }

  #next(): void {
    this.#dueAt = this.#clock.now() + everyMs;
    this.#timer = this.#clock.setTimer(this.#ring, everyMs);
    this.#timer.keepAlive(false);
  }

  readonly #ring = (): void => {
    this.look();
    this.#next();
  };
}

const pulses = new WeakMap<Clock, Pulse>();

function pulseOf(clock: Clock): Pulse {
  const known = pulses.get(clock);
  if (known !== undefined) return known;
  const pulse = new Pulse(clock);
  pulses.set(clock, pulse);
  return pulse;
}

/** Measures from its making until it is stopped; keeps no process alive. All probes of a clock share one timer. */
export class LoopProbe {
  readonly #pulse: Pulse;
  #blockedMs = 0;
  #longestMs = 0;

  constructor(clock: Clock) {
    this.#pulse = pulseOf(clock);
    this.#pulse.join(this.#late);
  }

  /** What there was since the last {@link take}. */
  look(): LoopDelay {
    this.#pulse.look();
    return { blockedMs: this.#blockedMs, longestMs: this.#longestMs };
  }

  /** The same, and begins anew. */
  take(): LoopDelay {
    const delay = this.look();
    this.#blockedMs = 0;
    this.#longestMs = 0;
    return delay;
  }

  stop(): void {
    this.#pulse.leave(this.#late);
  }

  readonly #late = (lateMs: number): void => {
    this.#blockedMs += lateMs;
    this.#longestMs = Math.max(this.#longestMs, lateMs);
  };
}
