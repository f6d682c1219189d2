// pg.Pool, and what takes its place by one changed import: the same code drives both.

import type { Pool, PoolConfig, QueryResult } from 'pg';
import type { CreateQueryPool, QueryPool } from './query.ts';

export function onPool(PoolClass: new (config: PoolConfig) => Pool): CreateQueryPool {
  return (access) => queriesOf(new PoolClass({ ...access }));
}

export function queriesOf(pool: Pool): QueryPool & Required<Pick<QueryPool, 'onClient'>> {
  return {
    async query(text, values) {
      return answerOf(await pool.query({ text, values }));
    },
    async onClient(text, values) {
      const client = await pool.connect();
      try {
        return answerOf(await client.query({ text, values }));
      } finally {
        client.release();
      }
    },
    async open() {
      const client = await pool.connect();
      return async () => client.release(true);
    },
    close: () => pool.end(),
  };
}

function answerOf(result: QueryResult<{ value: number }>): number {
  return result.rows[0]?.value ?? Number.NaN;
}
