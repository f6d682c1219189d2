// A server that has no room for the whole pool: the pool lives with the connections it has, and asks for more only gently.
import { type PgPoolOptions, Pool } from 'openline/pg';
import { FaultProxy } from 'openline/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ended } from '../support/pools.ts';
import { givenPostgres, until } from '../support/postgres.ts';

const database = givenPostgres({ settings: { max_connections: 20 } });
let proxy: FaultProxy;

beforeAll(async () => {
  proxy = await FaultProxy.start({ target: { port: database.server.port } });
  await database.ask("create role narrow login password 'narrow' connection limit 2");
});
afterAll(() => proxy.close());
beforeEach(() => proxy.resetCounts());

const connect = (options: PgPoolOptions = {}): Pool =>
  ended(new Pool(database.config({ host: proxy.host, port: proxy.port, max: 50, ...options })));

/** Sixty callers, each asking again as soon as it is answered; returns what reached them. */
async function sixtyCallers(pool: Pool, forMs: number): Promise<{ answers: number; errors: unknown[] }> {
  const account = { answers: 0, errors: [] as unknown[] };
  const endAt = performance.now() + forMs;
  const caller = async (): Promise<void> => {
    while (performance.now() < endAt) {
      try {
        await pool.query('select pg_sleep(0.01)');
        account.answers += 1;
      } catch (error) {
        account.errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: 60 }, caller));
  return account;
}

test('sixty callers of a pool of fifty on a server with twenty places see no error, and it is asked seldom', async () => {
  const pool = connect();
  const { answers, errors } = await sixtyCallers(pool, 6_000);
  expect(errors).toEqual([]);
  expect(answers).toBeGreaterThan(500);
  expect(pool.totalCount).toBeGreaterThan(10);
  expect(proxy.accepted).toBeLessThanOrEqual(60);
}, 30_000);

test('a role at its connection limit is a server that is full: the pool lives with what the role may have', async () => {
  const pool = connect({ user: 'narrow', password: 'narrow', max: 10 });
  const { errors } = await sixtyCallers(pool, 2_000);
  expect(errors).toEqual([]);
  expect(pool.stats().outage).toBeUndefined();
  expect(proxy.accepted).toBeLessThanOrEqual(20);
}, 30_000);

test('when there is room again, the pool grows into it', async () => {
  const pool = connect({ user: 'narrow', password: 'narrow', max: 4 });
  const asking = sixtyCallers(pool, 4_000);
  await until(() => pool.totalCount === 2 && proxy.accepted > 2, 'the role is at its limit');
  await database.ask('alter role narrow connection limit 10');
  await until(() => pool.stats().leased === 4, 'the pool has all its connections', 4_000);
  expect((await asking).errors).toEqual([]);
  await database.ask('alter role narrow connection limit 2');
}, 30_000);

test('without a connection of its own, the pool rides it out, and the error has the words of the server', async () => {
  const holder = connect({ user: 'narrow', password: 'narrow', max: 2, min: 2 });
  await Promise.all([holder.query('select pg_sleep(0.05)'), holder.query('select pg_sleep(0.05)')]);
  await until(() => holder.totalCount === 2, 'the role is at its limit');
  const pool = connect({ user: 'narrow', password: 'narrow', max: 4, acquireTimeoutMs: 500 });
  const askedAt = performance.now();
  await expect(pool.query('select 1')).rejects.toMatchObject({
    code: '53300',
    kind: 'acquire-timeout',
    message: expect.stringContaining('too many connections for role "narrow"'),
  });
  expect(performance.now() - askedAt).toBeGreaterThan(450);
});
