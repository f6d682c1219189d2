// pg.Pool, and what takes its place by one changed import: the same code drives both.

import type { Pool, PoolConfig, QueryResult } from 'pg';
import type { CreateQueryPool } from './query.ts';

const TEXT = 'select $1::int as value';

export function onPool(PoolClass: new (config: PoolConfig) => Pool): CreateQueryPool {
  return (access) => {
    const pool = new PoolClass({ ...access });
    return {
      async query(value) {
        return answerOf(await pool.query({ text: TEXT, values: [value] }));
      },
      async onClient(value) {
        const client = await pool.connect();
        try {
          return answerOf(await client.query({ text: TEXT, values: [value] }));
        } finally {
          client.release();
        }
      },
      close: () => pool.end(),
    };
  };
}

function answerOf(result: QueryResult<{ value: number }>): number {
  return result.rows[0]?.value ?? Number.NaN;
}
