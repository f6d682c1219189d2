// What the dashboard asks of a pool: a few methods that every pool of Openline has.

import type { ConnectionInfo, HolderInfo, PoolStats, PoolStatus } from '../core/index.ts';

/** A pool that can be shown: the engine's, `openline/pg`'s, or one of an `HttpPool`. */
export interface VisiblePool {
  stats(): PoolStats;
  connections(): ConnectionInfo[];
  holders(): HolderInfo[];
  /** The cheap part of {@link stats}, where there is one. */
  status?(): PoolStatus;
  /** What is under way on lent connections, by their numbers: asked only where `queryText` is on. */
  requests?(): ReadonlyMap<number, string>;
}

/** Several pools that come and go, as an `HttpPool` has one for each origin. */
export interface VisiblePools {
  /** The name with which each of their names begins. */
  readonly name: string;
  pools(): readonly VisiblePool[];
}

/** The pools there are now. */
export function* poolsIn(given: Iterable<VisiblePool | VisiblePools>): Iterable<VisiblePool> {
  for (const one of given) {
    if ('pools' in one) yield* one.pools();
    else yield one;
  }
}

export const statusOf = (pool: VisiblePool): PoolStatus => pool.status?.() ?? pool.stats();
