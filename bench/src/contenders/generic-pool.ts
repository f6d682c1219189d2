// generic-pool: no acquire deadline unless it is asked for.

import genericPool from 'generic-pool';
import type { BenchPool, PoolLoad } from './pool.ts';

export function create(load: PoolLoad): BenchPool<object> {
  const pool = genericPool.createPool(
    { create: load.open, destroy: async () => {} },
    {
      max: load.max,
      ...(load.deadlineMs === undefined ? {} : { acquireTimeoutMillis: load.deadlineMs }),
    },
  );
  return {
    acquire: () => pool.acquire(),
    release: (connection) => void pool.release(connection),
    waiting: () => pool.pending,
    idle: () => pool.available,
    close: async () => {
      await pool.drain();
      await pool.clear();
    },
  };
}
