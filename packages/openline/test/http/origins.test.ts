// Many origins in one pool: each has its connections, all together have a limit.
import { HttpPool, MaxOriginsError } from 'openline/http';
import { expect, test } from 'vitest';
import { until } from '../support/postgres.ts';
import { ask, failureOf, givenPool, givenServer } from './support/pools.ts';

test('an origin is the same however it is spelt', async () => {
  const { origin } = await givenServer((_, response) => response.end('ok'));
  const pool = givenPool();
  await ask(pool, `${origin}/a`);
  for (const spelt of [new URL(origin), `${origin}/`]) {
    const { body } = await pool.request({ origin: spelt, path: '/b', method: 'GET' });
    await body.dump();
  }
  expect(pool.stats().origins.map((one) => one.origin)).toEqual([origin]);
});

test.each(['', 'localhost:80', 'ftp://localhost', 'data:,x'])(
  'what is no origin is refused: %j',
  async (origin) => {
    const pool = givenPool();
    const error = await failureOf(pool.request({ origin, path: '/', method: 'GET' }));
    expect(error).toMatchObject({
      code: 'UND_ERR_INVALID_ARG',
      message: expect.stringContaining('http: or https:'),
    });
  },
);

test('each origin has no more than max connections, all have no more than maxTotal, and everybody is served', async () => {
  const servers = await Promise.all(
    Array.from({ length: 12 }, () => givenServer((_, response) => setTimeout(() => response.end('ok'), 5))),
  );
  const pool = givenPool({ max: 2, maxTotal: 6 });
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, pool.stats().size);
  }, 1);
  const answers = await Promise.all(
    servers.flatMap(({ origin }) => Array.from({ length: 10 }, () => ask(pool, origin))),
  );
  clearInterval(watch);
  expect(answers).toHaveLength(120);
  expect(most).toBeLessThanOrEqual(6);
  for (const { size } of pool.stats().origins) expect(size).toBeLessThanOrEqual(2);
});

test('the origin that was idle longest makes room for one more', async () => {
  const servers = await Promise.all([0, 1, 2].map(() => givenServer((_, response) => response.end('ok'))));
  const [first, second, third] = servers.map(({ origin }) => origin) as [string, string, string];
  const pool = givenPool({ maxOrigins: 2 });
  await ask(pool, first);
  await ask(pool, second);
  await ask(pool, first);
  await ask(pool, third);
  expect(pool.stats().origins.map(({ origin }) => origin)).toEqual([first, third]);
  await until(() => servers[1]!.sockets.every(({ destroyed }) => destroyed), 'its connection is closed');
});

test('where none is idle the newcomer is refused', async () => {
  const { origin } = await givenServer(() => undefined);
  const pool = givenPool({ maxOrigins: 1 });
  const asked = failureOf(ask(pool, origin));
  const error = await failureOf(ask(pool, 'http://localhost:8009'));
  expect(error).toBeInstanceOf(MaxOriginsError);
  expect(error.code).toBe('UND_ERR_MAX_ORIGINS_REACHED');
  await pool.destroy();
  await asked;
});

test('pools have names of their own', () => {
  expect(new HttpPool().name).not.toBe(new HttpPool().name);
  expect(new HttpPool({ name: 'prices' }).name).toBe('prices');
});
