// A pool's status is what its stats say, without the times.
import { createPool } from 'openline';
import { expect, test } from 'vitest';
import { setUp } from './kit.ts';

test('the status says what the stats say, but for the times', async () => {
  const { pool, clock } = setUp({ max: 2 });
  const lease = await pool.acquire();
  await clock.advance(5);
  const { times, ...rest } = pool.stats();
  expect(pool.status()).toEqual(rest);
  expect(times.connect.count).toBe(1);
  lease.release();
  expect(pool.status()).toMatchObject({ leased: 0, idle: 1, totals: { acquired: 1, released: 1 } });
});

test('a connector that throws when it is asked for its requests is taken for one that knows none', async () => {
  const requestOn = (): string => {
    throw new Error('no');
  };
  const pool = createPool({ open: async () => ({}), requestOn }, { name: 'orders' });
  const lease = await pool.acquire();
  expect(pool.requests()).toEqual(new Map());
  lease.release();
  await pool.close();
});
