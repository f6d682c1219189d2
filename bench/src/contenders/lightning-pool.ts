// lightning-pool: no acquire deadline unless it is asked for; its queue is bounded by default, and must not be here.

import { createPool } from 'lightning-pool';
import type { BenchPool, PoolLoad } from './pool.ts';

export function create(load: PoolLoad): BenchPool<object> {
  const pool = createPool<object>(
    { create: load.open, destroy: () => {} },
    {
      max: load.max,
      maxQueue: Number.POSITIVE_INFINITY,
      ...(load.deadlineMs === undefined ? {} : { acquireTimeoutMillis: load.deadlineMs }),
    },
  );
  return {
    acquire: () => pool.acquire(),
    release: (connection) => pool.release(connection),
    waiting: () => pool.pending,
    idle: () => pool.available,
    close: () => pool.closeAsync(),
  };
}
