// When something was under way: lets an error say how much of a wait fell into it, at no cost to the waiter.

interface Interval {
  readonly from: number;
  until: number;
}

/** Intervals remembered; a wait that began before the oldest of them is told of the rest only. */
const remembered = 64;

/** Remembers when at least one of something (opens, validations) was under way. */
export class BusyTime {
  readonly #past: Interval[] = [];
  #underWay = 0;
  #since = 0;

  began(now: number): void {
    if (this.#underWay++ === 0) this.#since = now;
  }

  ended(now: number): void {
    if (--this.#underWay > 0) return;
    this.#past.push({ from: this.#since, until: now });
    if (this.#past.length > remembered) this.#past.shift();
  }

  /** The milliseconds between `from` and `now` in which it was under way. */
  within(from: number, now: number): number {
    let total = this.#underWay > 0 ? now - Math.max(from, this.#since) : 0;
    for (const interval of this.#past) {
      total += Math.max(0, interval.until - Math.max(from, interval.from));
    }
    return total;
  }
}
