// What the shop does with its pool, as its programmers wrote it: one function that is right, and one that is not.
import type { Pool } from 'openline/pg';
import type { PoolClient } from 'pg';

/** Serves one customer: a query of `answerMs`, give or take a half. */
export async function showBasket(pool: Pool, answerMs: number): Promise<void> {
  const client = await pool.connect();
  try {
    // Its time is fixed, so that it is as slow on every machine.
    await client.query('select pg_sleep($1)', [(answerMs / 1_000) * (0.5 + Math.random())]);
  } finally {
    client.release();
  }
}

/** Nothing is in stock, and the early return forgets the client. `lost` is how the lab finds it again. */
export async function reserveStock(pool: Pool, lost: (client: PoolClient) => void): Promise<boolean> {
  const client = await pool.connect();
  lost(client);
  const { rows } = await client.query<{ left: number }>('select 0 as left');
  if (rows[0]?.left === 0) return false;
  client.release();
  return true;
}
