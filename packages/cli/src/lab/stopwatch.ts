// Where the time of requests goes: one running phase a request, summed over all of them.

/** Time spent in each phase, all requests together, in milliseconds. */
export class PhaseTimes {
  readonly #sums = new Map<string, number>();

  add(name: string, ms: number): void {
    this.#sums.set(name, (this.#sums.get(name) ?? 0) + ms);
  }

  toJSON(): Record<string, number> {
    return Object.fromEntries(this.#sums);
  }
}

/** Follows one request through its phases. */
export class Stopwatch {
  readonly #times: PhaseTimes;
  readonly #startedAt = performance.now();
  #phase: string | undefined;
  #phaseAt = 0;

  constructor(times: PhaseTimes) {
    this.#times = times;
  }

  /** The phase under way ends, another begins. */
  phase(name: string): void {
    const now = performance.now();
    if (this.#phase !== undefined) this.#times.add(this.#phase, now - this.#phaseAt);
    this.#phase = name;
    this.#phaseAt = now;
  }

  /** The request is over. */
  end(): void {
    this.phase('end');
    this.#times.add('total', this.#phaseAt - this.#startedAt);
  }
}
