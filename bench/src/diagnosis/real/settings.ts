// What a service on real servers is like: sizes, rates and times, from a seed.

import type { Chance } from '../random.ts';

export interface Settings {
  /** The share of the pool that the usual load keeps busy. */
  readonly load: number;
  readonly max: number;
  /** How long a caller holds a connection. */
  readonly heldMs: number;
  /** The server's share of that time; the rest is the caller's own. */
  readonly serverShare: number;
  /** Callers that come besides, a second, for one row by its key: `pool.query`, which shares connections. */
  readonly reads: number;
  readonly maxUses: number;
  readonly acquireTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly readTimeoutMs: number;
  readonly tls: boolean;
  /** One way, in milliseconds. */
  readonly distanceMs: number;
  /** What the way to the server leads through: nothing, or a proxy that can fail. */
  readonly gate: boolean;
  /** Whether it logs in as nobody else does, so that the server can treat it differently. */
  readonly ownRole: boolean;
  readonly smallServer: boolean;
}

/** What nothing else was said about. */
export function usualSettings(chance: Chance): Settings {
  return {
    load: chance.between(0.25, 0.6),
    max: chance.whole(3, 10),
    heldMs: chance.between(25, 65),
    serverShare: chance.between(0.6, 1),
    reads: chance.next() < 0.5 ? 0 : chance.between(5, 40),
    maxUses: Number.POSITIVE_INFINITY,
    acquireTimeoutMs: chance.of([1_000, 1_500, 2_000]),
    connectTimeoutMs: chance.of([3_000, 5_000]),
    readTimeoutMs: 30_000,
    tls: chance.next() < 0.15,
    distanceMs: 0,
    gate: false,
    ownRole: false,
    smallServer: false,
  };
}
