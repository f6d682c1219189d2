// The pools as the page shows them: one JSON document, without passwords or statements.
import type { ConnectionInfo, HistogramSnapshot, HolderInfo, PoolStats } from 'openline';

/** A histogram in figures; milliseconds. */
export interface TimesView {
  readonly count: number;
  readonly sumMs: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** What the page is told of a pool. */
export interface PoolView {
  readonly stats: Omit<PoolStats, 'times' | 'outage'>;
  readonly wait: TimesView;
  readonly use: TimesView;
  readonly connect: TimesView;
  /** Mean time of each phase of an open, in milliseconds. */
  readonly connectPhases: Readonly<Record<string, number>>;
  readonly connections: readonly ConnectionInfo[];
  readonly holders: readonly HolderInfo[];
  readonly outage:
    | { readonly ageMs: number; readonly attempts: number; readonly message: string }
    | undefined;
}

/** What the page is told. */
export interface PoolViews {
  readonly database: PoolView;
  /** Nothing until the first request has made its pool. */
  readonly prices: PoolView | undefined;
}

/** What there is to see in a pool. */
export interface VisiblePool {
  stats(): PoolStats;
  connections(): ConnectionInfo[];
  holders(): HolderInfo[];
}

/** Takes the view. */
export function viewPool(pool: VisiblePool): PoolView {
  const { times, outage, ...stats } = pool.stats();
  const phases = Object.entries(times.connectPhases).map(([name, { meanMs }]) => [name, meanMs] as const);
  return {
    stats,
    wait: timesOf(times.wait),
    use: timesOf(times.use),
    connect: timesOf(times.connect),
    connectPhases: Object.fromEntries(phases),
    connections: pool.connections(),
    holders: pool.holders(),
    outage: outage && { ageMs: outage.ageMs, attempts: outage.attempts, message: outage.error.message },
  };
}

function timesOf(times: HistogramSnapshot): TimesView {
  const { count, sumMs, meanMs, maxMs } = times;
  return { count, sumMs, meanMs, p50Ms: times.percentile(50), p99Ms: times.percentile(99), maxMs };
}
