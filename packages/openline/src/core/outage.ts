// When opens may be tried while the server refuses them: one schedule for the whole pool, so that a restart meets no storm.

import type { ConnectError } from './errors.ts';
import { Fullness } from './fullness.ts';

const firstGapMs = 50;
const shortGapMs = 250;
const longestGapMs = 5_000;
/** Gaps grow with the outage: a twentieth of its age finds the end of a long one without hammering through it. */
const shareOfAge = 1 / 20;
/** Enough to keep pools apart. With more, ten seconds of unlucky gaps hold over 40 attempts, and the last one is over 0.6 s. */
const jitter = 0.15;

/** Attempts to open since the last success, and when the next one may be made. */
export class Outage {
  readonly #random: () => number;
  readonly #fullness: Fullness = new Fullness();
  /** A connection died, and nothing has been opened since: the server may be gone. */
  #suspected = false;
  #since: number | undefined;
  #gapMs = 0;
  #nextAt = 0;
  #attempts = 0;
  #failedAt = 0;
  #lastFailure: ConnectError | undefined;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** When the first open failed; `undefined` while opens succeed. */
  get since(): number | undefined {
    return this.#since;
  }

  /** Attempts that failed since the last success. */
  get attempts(): number {
    return this.#attempts;
  }

  get lastFailure(): ConnectError | undefined {
    return this.#lastFailure;
  }

  /** When the next attempt may be made; 0 when at once. */
  get nextAt(): number {
    return this.#since === undefined ? this.#fullness.nextAt : this.#nextAt;
  }

  /** A connection died of itself: until an open succeeds, one attempt at a time will do. */
  suspect(): void {
    this.#suspected = true;
  }

  /** Counts an attempt that failed, for the error that will tell of it. */
  count(): number {
    return ++this.#attempts;
  }

  /** The server is there and has no more room: growth waits, also when opens that are still under way succeed. */
  refusedAsFull(now: number): void {
    this.#fullness.refused(now);
  }

  failed(failure: ConnectError, now: number): void {
    this.#lastFailure = failure;
    this.#failedAt = now;
    // Attempts that were under way together fail together: they count as one step.
    if (this.#since !== undefined && now < this.#nextAt) return;
    this.#since ??= now;
    const most = Math.min(Math.max(shortGapMs, (now - this.#since) * shareOfAge), longestGapMs);
    this.#gapMs = Math.min(Math.max(this.#gapMs * 2, firstGapMs), most);
    this.#nextAt = now + this.#gapMs * (1 + jitter * (2 * this.#random() - 1));
  }

  /** An open succeeded. Returns how long the outage lasted and what it cost, if there was one. */
  succeeded(now: number): { readonly outageMs: number; readonly attempts: number } | undefined {
    const ended =
      this.#since === undefined ? undefined : { outageMs: now - this.#since, attempts: this.#attempts };
    this.#fullness.opened(now);
    this.#suspected = false;
    this.#since = undefined;
    this.#gapMs = 0;
    this.#attempts = 0;
    this.#lastFailure = undefined;
    return ended;
  }

  /** How many opens may be under way now. */
  allowance(now: number): number {
    const room = this.#fullness.allowance(now);
    if (this.#since !== undefined) return now >= this.#nextAt ? 1 : 0;
    return this.#suspected ? Math.min(1, room) : room;
  }

  /** Has the outage outlasted `limitMs`? */
  outlasted(limitMs: number, now: number): boolean {
    return this.#since !== undefined && now - this.#since > limitMs;
  }

  /** Is the last failure so old that attempts cannot still be going on (each may take `connectTimeoutMs`)? */
  isStale(connectTimeoutMs: number, now: number): boolean {
    return now > this.staleAfter(connectTimeoutMs);
  }

  /** Until when the last failure is not. */
  staleAfter(connectTimeoutMs: number): number {
    return this.#failedAt + connectTimeoutMs + 2 * longestGapMs;
  }
}
