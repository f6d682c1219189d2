// @databases/connection-pool: no acquire deadline unless it is asked for.

import connectionPool, { type PoolConnection } from '@databases/connection-pool';
import type { BenchPool, PoolLoad } from './pool.ts';

export function create(load: PoolLoad): BenchPool<PoolConnection<object>> {
  const pool = connectionPool.default({
    openConnection: load.open,
    closeConnection: async () => {},
    maxSize: load.max,
    ...(load.deadlineMs === undefined ? {} : { queueTimeoutMilliseconds: load.deadlineMs }),
  });
  return {
    acquire: () => pool.getConnection(),
    release: (lease) => lease.release(),
    waiting: () => pool.getQueueLength(),
    idle: () => pool.getIdleConnectionsCount(),
    close: () => pool.drain(),
  };
}
