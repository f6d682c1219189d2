// tarn: an acquire deadline of 30 s by default.

import { Pool } from 'tarn';
import type { BenchPool, PoolLoad } from './pool.ts';

export function create(load: PoolLoad): BenchPool<object> {
  const pool = new Pool<object>({
    create: load.open,
    destroy: () => {},
    min: 0,
    max: load.max,
    ...(load.deadlineMs === undefined ? {} : { acquireTimeoutMillis: load.deadlineMs }),
  });
  return {
    acquire: () => pool.acquire().promise,
    release: (connection) => void pool.release(connection),
    waiting: () => pool.numPendingAcquires(),
    idle: () => pool.numFree(),
    close: async () => {
      await pool.destroy();
    },
  };
}
