// What a pool looked like at one moment: small enough to keep a minute of them.

import type {
  BudgetShortage,
  HistogramSnapshot,
  HolderInfo,
  OpenInfo,
  OutageInfo,
  PoolCounts,
  PoolStats,
} from '../core/index.ts';
import { type LoopDelay, noDelay } from './loop-probe.ts';

/** Holders kept of one moment, the longest first. */
const mostHolders = 64;

/** What a pool must offer to be diagnosed: the pools of `openline` and of `openline/pg` do. */
export interface DiagnosablePool {
  stats(): PoolStats;
  holders(): readonly HolderInfo[];
}

/** How many of something there were since the pool was made, and their time together. */
export interface Total {
  readonly count: number;
  readonly sumMs: number;
}

/** A pool at one moment. Totals count from the making of the pool; durations are milliseconds. */
export interface Snapshot extends PoolCounts {
  readonly poolName: string;
  /** Monotonic. */
  readonly atMs: number;
  /** Leases under way; above `leased` where connections are shared. */
  readonly leases: number;
  readonly acquired: number;
  readonly timedOut: number;
  readonly aborted: number;
  readonly refused: number;
  readonly openFailed: number;
  /** Opens that the server refused because it takes no more connections. */
  readonly refusedAsFull: number;
  /** Acquires that waited while their own caller held a lease; known only once the pool has starved. */
  readonly nested: number;
  readonly wait: Total;
  readonly use: Total & { readonly p50Ms: number; readonly p99Ms: number };
  readonly connect: Total & { readonly p50Ms: number };
  readonly connectPhases: Readonly<Record<string, Total>>;
  readonly opens: readonly OpenInfo[];
  readonly outage: OutageInfo | undefined;
  /** The shared budget that kept the pool from opening. */
  readonly shortage: BudgetShortage | undefined;
  /** The longest first, 64 at the most. */
  readonly holders: readonly HolderInfo[];
  /** What delayed the event loop since the snapshot before. */
  readonly loop: LoopDelay;
}

/**
 * Takes a snapshot of a pool. It copies the pool's histograms: about 0.1 ms.
 *
 * @param atMs - the moment, on the clock of the pool
 * @param loop - what delayed the event loop since the snapshot before; by default nothing is known of it
 */
export function snapshotOf(pool: DiagnosablePool, atMs: number, loop: LoopDelay = noDelay): Snapshot {
  const { name, leases, totals, times, opens, outage, shortage, ...stats } = pool.stats();
  const { max, size, idle, leased, opening, validating, resetting, closing, detached, waiting } = stats;
  return {
    poolName: name,
    atMs,
    ...{ max, size, idle, leased, opening, validating, resetting, closing, detached, waiting },
    leases,
    acquired: totals.acquired,
    timedOut: totals.timedOut,
    aborted: totals.aborted,
    refused: totals.refused,
    openFailed: totals.openFailed,
    refusedAsFull: totals.refusedAsFull,
    nested: totals.nested,
    wait: totalOf(times.wait),
    use: { ...totalOf(times.use), p50Ms: times.use.percentile(50), p99Ms: times.use.percentile(99) },
    connect: { ...totalOf(times.connect), p50Ms: times.connect.percentile(50) },
    connectPhases: Object.fromEntries(
      Object.entries(times.connectPhases).map(([phase, histogram]) => [phase, totalOf(histogram)]),
    ),
    opens,
    outage,
    shortage,
    holders: pool.holders().slice(0, mostHolders),
    loop,
  };
}

const totalOf = ({ count, sumMs }: HistogramSnapshot): Total => ({ count, sumMs });
