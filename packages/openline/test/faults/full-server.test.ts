// A server that takes fewer connections than the pool may have: the pool lives with what it gets.
import { Pool } from 'openline/pg';
import { expect, test } from 'vitest';
import { ended } from '../support/pools.ts';
import { givenPostgres } from '../support/postgres.ts';

const database = givenPostgres({ settings: { max_connections: 20 } });

test('sixty callers of a pool of 50 see no error for six seconds, and 60 attempts are made at the most', async () => {
  const pool = ended(new Pool(database.config({ max: 50 })));
  const endAt = performance.now() + 6_000;
  const errors: unknown[] = [];
  let answers = 0;
  const caller = async (): Promise<void> => {
    while (performance.now() < endAt) {
      await pool.query('select pg_sleep(0.02)').then(
        () => answers++,
        (error: unknown) => errors.push(error),
      );
    }
  };
  await Promise.all(Array.from({ length: 60 }, caller));
  const { opened, openFailed } = pool.stats().totals;
  expect(errors).toEqual([]);
  expect(answers).toBeGreaterThan(60);
  expect(openFailed).toBeGreaterThan(0);
  expect(opened + openFailed).toBeLessThanOrEqual(60);
}, 20_000);
