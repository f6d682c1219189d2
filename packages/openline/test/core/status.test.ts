// A pool's status is what its stats say, without the times.
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
