// A body that nobody reads is a leak, and its connection is taken back where the pool is asked to.
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { until } from '../support/postgres.ts';
import { ask, givenPool, givenServer } from './support/pools.ts';

test('with onLeak "reclaim" the connection of an unread body is closed, and the next request is served', async () => {
  const { origin, sockets } = await givenServer((request, response) =>
    response.end(request.url === '/long' ? Buffer.alloc(4_000_000) : 'ok'),
  );
  const pool = givenPool({ max: 1, leakThresholdMs: 100, onLeak: 'reclaim' });
  const { body } = await pool.request({ origin, path: '/long', method: 'GET' });
  const failure = once(body, 'error');
  expect(await ask(pool, origin)).toBe('ok');
  expect(pool.stats().origins[0]?.totals.closed).toEqual({ leaked: 1 });
  await until(() => sockets[0]!.destroyed, 'its socket is closed');
  expect((await failure)[0]).toBeInstanceOf(Error);
  expect(pool.holders()).toEqual([]);
});
