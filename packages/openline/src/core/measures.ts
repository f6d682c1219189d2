// What a pool counts and times while it works.

import { Histogram, type HistogramSnapshot } from './histogram.ts';
import type { CloseReason, OpenPhase } from './observer.ts';

/** Phases beyond so many names (a connector that makes them up) are not timed. */
const mostPhases = 16;

/** Totals since the pool was made. */
export interface PoolTotals {
  /** Leases granted. */
  readonly acquired: number;
  /** Leases ended. */
  readonly released: number;
  /** Acquires that reached their deadline. */
  readonly timedOut: number;
  /** Acquires whose signal was aborted while they waited. */
  readonly aborted: number;
  /** Acquires refused because the queue was full. */
  readonly refused: number;
  /** Connections opened. */
  readonly opened: number;
  /** Opens that failed. */
  readonly openFailed: number;
  /** Those of them that the server refused because it takes no more connections (the connector's `isFull`). */
  readonly refusedAsFull: number;
  /** Acquires that had to wait while their own caller held a lease of this pool. Known only while callers are marked, which begins when the pool starves. */
  readonly nested: number;
  /** Connections closed, by reason. */
  readonly closed: Readonly<Partial<Record<CloseReason, number>>>;
}

/** Times since the pool was made. */
export interface PoolTimes {
  /** From acquire to lease, the ones that did not wait included. */
  readonly wait: HistogramSnapshot;
  /** From lease to release. */
  readonly use: HistogramSnapshot;
  /** Opens that succeeded, whole. */
  readonly connect: HistogramSnapshot;
  /** The same by phase. */
  readonly connectPhases: Readonly<Record<string, HistogramSnapshot>>;
  /** Validations, those that failed included. */
  readonly validate: HistogramSnapshot;
  /** From open to closed, of the connections that are closed. */
  readonly lifetime: HistogramSnapshot;
}

/** The counters and histograms of one pool. */
export class Measures {
  timedOut = 0;
  aborted = 0;
  refused = 0;
  opened = 0;
  openFailed = 0;
  refusedAsFull = 0;
  nested = 0;
  readonly #closed: Partial<Record<CloseReason, number>> = {};
  readonly wait: Histogram = new Histogram();
  readonly use: Histogram = new Histogram();
  readonly validate: Histogram = new Histogram();
  readonly #lifetime = new Histogram();
  readonly #connect = new Histogram();
  readonly #connectPhases = new Map<string, Histogram>();

  openTook(ms: number, phases: readonly OpenPhase[]): void {
    this.opened++;
    this.#connect.record(ms);
    for (const phase of phases) {
      let histogram = this.#connectPhases.get(phase.name);
      if (histogram === undefined) {
        if (this.#connectPhases.size === mostPhases) continue;
        histogram = new Histogram();
        this.#connectPhases.set(phase.name, histogram);
      }
      histogram.record(phase.tookMs);
    }
  }

  closed(reason: CloseReason, ageMs: number): void {
    this.#lifetime.record(ageMs);
    this.#closed[reason] = (this.#closed[reason] ?? 0) + 1;
  }

  totals(): PoolTotals {
    const { timedOut, aborted, refused, opened, openFailed, refusedAsFull, nested } = this;
    return {
      acquired: this.wait.count,
      released: this.use.count,
      timedOut,
      aborted,
      refused,
      opened,
      openFailed,
      refusedAsFull,
      nested,
      closed: { ...this.#closed },
    };
  }

  times(): PoolTimes {
    const phases = [...this.#connectPhases].map(([name, histogram]) => [name, histogram.snapshot()] as const);
    return {
      wait: this.wait.snapshot(),
      use: this.use.snapshot(),
      connect: this.#connect.snapshot(),
      connectPhases: Object.fromEntries(phases),
      validate: this.validate.snapshot(),
      lifetime: this.#lifetime.snapshot(),
    };
  }
}
