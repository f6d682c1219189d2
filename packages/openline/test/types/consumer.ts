// A user's program, only type-checked: here against the sources, and by check-package against the packed library.
import { AcquireTimeoutError, createPool, type Lease, type Pool, type PoolStats } from 'openline';
import { Pool as PgPool } from 'openline/pg';
import type pg from 'pg';

interface Line {
  send(text: string): Promise<string>;
}

const open = async (): Promise<Line> => ({ send: async (text) => text });

export const pool: Pool<Line> = createPool(
  { open },
  { max: 5, acquireTimeoutMs: 1_000, maxWaiters: Infinity },
);

export async function ask(text: string, signal: AbortSignal): Promise<string> {
  using lease: Lease<Line> = await pool.acquire({ signal, timeoutMs: 500, mode: 'shared' });
  return await lease.connection.send(text);
}

export async function askBriefly(text: string): Promise<string> {
  try {
    return await pool.use((line) => line.send(text));
  } catch (error) {
    if (error instanceof AcquireTimeoutError) return error.code;
    throw error;
  }
}

export const stats: PoolStats = pool.stats();

// @ts-expect-error: a duration is a number of milliseconds.
createPool({ open }, { acquireTimeoutMs: '1s' });

// @ts-expect-error: a connector opens.
createPool({});

export const database: pg.Pool = new PgPool({ connectionString: 'postgres://localhost/orders', max: 5 });

export async function orders(database: PgPool): Promise<number> {
  const { rows } = await database.query<{ count: number }>('select count(*)::int as count from orders');
  const client: pg.PoolClient = await database.connect();
  client.release();
  await database.transaction(async (client) => await client.query('select 1'), { readOnly: true });
  return rows[0]?.count ?? 0;
}

export const clean: PgPool = new PgPool({ reset: async (client) => await client.query('reset all') });
export const cleared: PgPool = new PgPool({
  reset: 'session',
  observers: [{ dirtyReturn: ({ what, place }) => console.warn(what, place ?? 'somewhere') }],
});

// @ts-expect-error: there is no such reset.
new PgPool({ reset: 'sessions' });
