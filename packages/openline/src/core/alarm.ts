// One timer that can be moved: serves everything in the pool that must happen "at the earliest of these times".

import type { Clock, TimerHandle } from './clock.ts';

/** A single timer that rings at the earliest time it was asked for. */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #timer: TimerHandle | undefined;
  #at = Number.POSITIVE_INFINITY;
  #keepsAlive: boolean;

  constructor(clock: Clock, ring: () => void, keepsAlive: boolean) {
    this.#clock = clock;
    this.#ring = ring;
    this.#keepsAlive = keepsAlive;
  }

  /** The monotonic time at which it will ring; `Infinity` when it is not set. */
  get at(): number {
    return this.#at;
  }

  /** Rings at `at`, or earlier if it was asked to before. */
  ringBy(at: number): void {
    if (at >= this.#at) return;
    this.#timer?.cancel();
    this.#at = at;
    // Read afresh: a delay counted from a stale reading would end too late. Rounded up: Node drops the fraction.
    this.#timer = this.#clock.setTimer(this.#fire, Math.ceil(at - this.#clock.now()));
    if (!this.#keepsAlive) this.#timer.keepAlive(false);
  }

  /** Says whether this alarm alone keeps the process alive. */
  keepAlive(alive: boolean): void {
    if (alive === this.#keepsAlive) return;
    this.#keepsAlive = alive;
    this.#timer?.keepAlive(alive);
  }

  /** Takes the alarm back. */
  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#at = Number.POSITIVE_INFINITY;
  }

  readonly #fire = (): void => {
    // Node's timers count from the loop's time, which may lag behind: a timer that comes early waits for the rest.
    const at = this.#at;
    this.#timer = undefined;
    this.#at = Number.POSITIVE_INFINITY;
    if (this.#clock.now() < at) this.ringBy(at);
    else this.#ring();
  };
}
