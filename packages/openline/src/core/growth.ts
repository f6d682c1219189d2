// How many connections the pool should have opened for those who wait: as many as are served sooner by an open than by waiting.

import type { Histogram } from './histogram.ts';
import { type Slot, State } from './slot.ts';

/** Weight of the newest duration in the running mean of opens. */
const newest = 1 / 8;
/** The mean of uses looks back between one and two such spans. */
const rememberUsesMs = 2_000;
/** Before anything was measured. */
const connectGuessMs = 50;
/** A lease that has lasted so many times the mean is expected to last as long again (leases that hang or leak never come back). */
const overdue = 2;
const shortestUseMs = 0.2;

/** What the pool knows of the time that opens and leases take. */
export class Growth {
  readonly #uses: Histogram;
  #connectMs: number | undefined;
  /** Uses up to here are forgotten, so that the mean follows what the pool does now. */
  #forgottenUses = { count: 0, sumMs: 0, at: 0 };
  #recentUses = { count: 0, sumMs: 0 };
  /** Since when somebody has waited without a break, and since when that counts against the next open. */
  #backlogSince: number | undefined;
  #rateAt = Number.NaN;
  #rateOf = -1;
  #rate = 0;

  /** @param uses - the durations of the leases that have ended */
  constructor(uses: Histogram) {
    this.#uses = uses;
  }

  /** The expected duration of an open, in milliseconds. */
  get connectMs(): number {
    return this.#connectMs ?? connectGuessMs;
  }

  openTook(ms: number): void {
    this.#connectMs = this.#connectMs === undefined ? ms : this.#connectMs + (ms - this.#connectMs) * newest;
  }

  /** The mean duration of recent leases; 0 while none has ended. Computed from what the histogram has anyway, so that a release pays nothing. */
  #usualUseMs(now: number): number {
    const { count, sumMs } = this.#uses;
    if (now - this.#forgottenUses.at > rememberUsesMs && count > this.#recentUses.count) {
      this.#forgottenUses = { ...this.#recentUses, at: now };
      this.#recentUses = { count, sumMs };
    }
    const seen = count - this.#forgottenUses.count;
    return seen === 0 ? 0 : (sumMs - this.#forgottenUses.sumMs) / seen;
  }

  /** How soon to look again while somebody waits and the pool could grow: each look that finds the same leases expects less of them. */
  get lookAgainMs(): number {
    return Math.min(Math.max(this.connectMs / 8, 5), 100);
  }

  /** Nobody waits any more. */
  queueEmptied(): void {
    this.#backlogSince = undefined;
  }

  /**
   * How many opens should be under way.
   *
   * @param waiting - those who need a connection each
   * @param leased - how many connections are lent
   * @param slots - all connections, to see how long the lent ones have been
   * @param makesRoom - whether a lease that ends on a lent connection makes room for another one
   * @param opening - how many are being opened already
   */
  wanted<C>(
    waiting: number,
    leased: number,
    slots: Iterable<Slot<C>>,
    makesRoom: (slot: Slot<C>) => boolean,
    opening: number,
    now: number,
  ): number {
    if (leased === 0) return waiting;
    const served = Math.floor(this.#leasesEndingPerMs(leased, slots, makesRoom, now) * this.connectMs);
    const behind = waiting - served;
    this.#backlogSince ??= now;
    if (behind > 0) return behind;
    // A queue that has not been empty for as long as an open takes would have been served by one: short waits that never
    // end add up, and one more connection ends them for all who come.
    if (opening === 0 && now - this.#backlogSince > this.connectMs) {
      this.#backlogSince = now;
      return 1;
    }
    return opening;
  }

  #leasesEndingPerMs<C>(
    leased: number,
    slots: Iterable<Slot<C>>,
    makesRoom: (slot: Slot<C>) => boolean,
    now: number,
  ): number {
    if (now === this.#rateAt && leased === this.#rateOf) return this.#rate;
    let rate = 0;
    const usual = this.#usualUseMs(now);
    for (const slot of slots) {
      if (slot.state !== State.leased || !makesRoom(slot)) continue;
      for (const lease of slot.holders()) {
        const age = now - lease.acquiredAt;
        rate += 1 / Math.max(age > overdue * usual ? overdue * age : usual, shortestUseMs);
      }
    }
    this.#rateAt = now;
    this.#rateOf = leased;
    this.#rate = rate;
    return rate;
  }
}
