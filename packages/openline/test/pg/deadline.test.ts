// One deadline for a request that asks the database more than once.
import { setTimeout as pause } from 'node:timers/promises';
import { withDeadline } from 'openline';
import { Pool } from 'openline/pg';
import { expect, test } from 'vitest';
import { ended } from '../support/pools.ts';
import { givenPostgres } from '../support/postgres.ts';

const database = givenPostgres();

test.each(['query', 'connect', 'acquire', 'use', 'transaction'] as const)(
  '%s() waits for a client no longer than the request has left',
  async (method) => {
    const pool = ended(new Pool(database.config({ max: 1 })));
    const ask = (): Promise<unknown> => {
      if (method === 'query') return pool.query('select 1');
      if (method === 'connect' || method === 'acquire') return pool[method]();
      return pool[method](() => 'never');
    };
    const client = await pool.connect();
    await expect(withDeadline(60, ask)).rejects.toMatchObject({
      kind: 'acquire-timeout',
      wait: { requestTimeoutMs: 60 },
    });
    client.release();
    const late = withDeadline(20, async () => {
      await pause(30);
      return ask();
    });
    await expect(late).rejects.toMatchObject({ wait: { requestTimeoutMs: 20, timeoutMs: 0 } });
    expect(pool.stats()).toMatchObject({ idle: 1, totals: { opened: 1, acquired: 1 } });
  },
);
