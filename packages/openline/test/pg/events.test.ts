// What the pool emits, with which arguments, and in which order.
import { Pool as OpenlinePool } from 'openline/pg';
import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import { bothPools, ended, eventsOf } from '../support/pools.ts';
import { givenPostgres, until } from '../support/postgres.ts';

const database = givenPostgres();

describe.each(bothPools)('%s emits', (_, Pool) => {
  const connect = (options: pg.PoolConfig = {}) => ended(new Pool(database.config({ max: 1, ...options })));

  test('connect, acquire and release around the first loan, acquire and release around the next', async () => {
    const pool = connect();
    const emitted = eventsOf(pool);
    const client = await pool.connect();
    expect(emitted).toEqual([
      ['connect', client],
      ['acquire', client],
    ]);
    client.release();
    (await pool.connect()).release();
    expect(emitted.slice(2)).toEqual([
      ['release', undefined, client],
      ['acquire', client],
      ['release', undefined, client],
    ]);
  });

  test('the same around a query', async () => {
    const pool = connect();
    const emitted = eventsOf(pool);
    await pool.query('select 1');
    await pool.query('select 1');
    expect(emitted.map(([event]) => event)).toEqual(['connect', 'acquire', 'release', 'acquire', 'release']);
  });

  test('the release of one loan before the acquire of the next in line', async () => {
    const pool = connect();
    const emitted = eventsOf(pool);
    await Promise.all([pool.query('select 1'), pool.query('select 2')]);
    expect(emitted.map(([event]) => event)).toEqual(['connect', 'acquire', 'release', 'acquire', 'release']);
  });

  test('release with what it was given, and remove when the client is closed', async () => {
    const pool = connect();
    const emitted = eventsOf(pool);
    const client = await pool.connect();
    const broken = new Error('broken');
    client.release(broken);
    await until(() => emitted.length === 4, 'the client is removed');
    expect(emitted.slice(2)).toEqual([
      ['release', broken, client],
      ['remove', client],
    ]);
  });

  test('remove for a client that was idle too long', async () => {
    const pool = connect({ idleTimeoutMillis: 20 });
    const emitted = eventsOf(pool);
    await pool.query('select 1');
    await until(() => emitted.length === 4, 'the client is removed');
    expect(emitted.at(-1)).toEqual(['remove', emitted[0]?.[1]]);
    expect(pool.totalCount).toBe(0);
  });

  test('remove for every client when it ends', async () => {
    const pool = connect({ max: 3 });
    const emitted = eventsOf(pool);
    const clients = await Promise.all([pool.connect(), pool.connect(), pool.connect()]);
    for (const client of clients) client.release();
    emitted.length = 0;
    await pool.end();
    // pg's pool resolves before its sockets are closed.
    if (pool instanceof OpenlinePool) expect(emitted).toHaveLength(3);
    await until(() => emitted.length === 3, 'all are removed');
    expect(emitted.map(([event]) => event)).toEqual(['remove', 'remove', 'remove']);
    expect(new Set(emitted.map(([, client]) => client))).toEqual(new Set(clients));
  });

  test('error with the error and the client when an idle one dies, and then remove', async () => {
    const name = `dies-idle-${Pool.name}`;
    const pool = connect({ application_name: name });
    const emitted = eventsOf(pool);
    const client = await pool.connect();
    client.release();
    emitted.length = 0;
    expect(await database.terminate(name)).toBe(1);
    await until(() => emitted.length === 2, 'the death is told of');
    const [[event, error, dead], removed] = emitted as unknown[][] as [unknown[], unknown[]];
    expect([event, dead]).toEqual(['error', client]);
    expect(error).toMatchObject({ code: '57P01', severity: 'FATAL', client });
    expect(removed).toEqual(['remove', client]);
    expect(pool.totalCount).toBe(0);
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });

  test('nothing when a client cannot connect', async () => {
    const pool = connect({ password: 'wrong' });
    const emitted = eventsOf(pool);
    await expect(pool.connect()).rejects.toMatchObject({ code: '28P01' });
    expect(emitted).toEqual([]);
  });
});

describe('a listener of openline/pg that throws', { timeout: 10_000 }, () => {
  test.each(['connect', 'acquire', 'release', 'remove'])('at %s costs the pool no client', async (event) => {
    const pool = ended(new OpenlinePool(database.config({ max: 1, acquireTimeoutMs: 2_000 })));
    const thrown = new Error(`thrown at ${event}`);
    const uncaught = nextUncaught();
    pool.once(event as 'connect', () => {
      throw thrown;
    });
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    (await pool.connect()).release(event === 'remove');
    expect(await uncaught).toBe(thrown);
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect(pool.stats()).toMatchObject({ leased: 0 });
  });
});

/** The next error that nobody catches, which is otherwise the test runner's to tell of. */
function nextUncaught(): Promise<unknown> {
  const runners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  return new Promise((resolve) => {
    process.once('uncaughtException', (error) => {
      for (const listener of runners) process.on('uncaughtException', listener);
      resolve(error);
    });
  });
}
