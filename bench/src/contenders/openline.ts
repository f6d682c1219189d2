// openline, with every default on.

import { createPool, type Lease } from 'openline';
import type { BenchPool, PoolLoad } from './pool.ts';

export function create(load: PoolLoad): BenchPool<Lease<object>> {
  const pool = createPool(
    { open: load.open },
    {
      max: load.max,
      maxWaiters: Number.POSITIVE_INFINITY,
      ...(load.deadlineMs === undefined ? {} : { acquireTimeoutMs: load.deadlineMs }),
    },
  );
  return {
    acquire: () => pool.acquire(),
    tryAcquire: () => pool.tryAcquire(),
    release: (lease) => lease.release(),
    waiting: () => pool.stats().waiting,
    idle: () => pool.stats().idle,
    close: async () => {
      await pool.close();
    },
  };
}
