// A reset of the user's own making: what it is given, how long it may take, and what becomes of the connection where it fails.
import { createPool, type PgPoolOptions, type Pool } from 'openline/pg';
import { FaultProxy } from 'openline/testing';
import type { PoolClient } from 'pg';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ended } from '../support/pools.ts';
import { givenPostgres, until } from '../support/postgres.ts';

const database = givenPostgres();
type Reset = (client: PoolClient) => unknown;

const connect = (reset: PgPoolOptions['reset'], options: PgPoolOptions = {}): Pool =>
  ended(createPool(database.config({ max: 1, reset, ...options })));

const setting = async (pool: Pool): Promise<unknown> =>
  (await pool.query("select current_setting('search_path') as path")).rows[0].path;

test('it gets the client after the rollback, and is awaited before the next user', async () => {
  const found: unknown[] = [];
  const pool = connect(async (client) => {
    found.push((await client.query('select now() <> statement_timestamp() as inside')).rows[0].inside);
    await client.query('reset search_path');
  });
  const before = await setting(pool);
  const client = await pool.connect();
  await client.query("set search_path = 'elsewhere'");
  await client.query('begin');
  client.release();
  expect(await setting(pool)).toBe(before);
  expect(found).toEqual([false]);
});

test('it is called when a client comes back, however it was lent', async () => {
  const reset = vi.fn<Reset>();
  const pool = connect(reset);
  (await pool.connect()).release();
  (await pool.acquire()).release();
  await pool.use(() => undefined);
  await pool.transaction(() => undefined);
  await until(() => pool.idleCount === 1, 'the last one is done');
  expect(reset).toHaveBeenCalledTimes(4);
});

test('of statements of the pool it is called after those alone that may have left something', async () => {
  const reset = vi.fn<Reset>();
  const pool = connect(reset);
  await pool.query('select 1');
  await pool.query('select $1::int', [1]);
  expect(reset).not.toHaveBeenCalled();
  await pool.query("set search_path = 'elsewhere'");
  await pool.query('select 1');
  expect(reset).toHaveBeenCalledTimes(1);
});

test.each<[string, Reset]>([
  [
    'throws',
    () => {
      throw new Error('no');
    },
  ],
  ['rejects', () => Promise.reject(new Error('no'))],
  ['leaves a transaction open', (client) => client.query('begin')],
  ['leaves a transaction open that it does not wait for', (client) => void client.query('begin')],
])('where it %s the connection is closed', async (_how, reset) => {
  const pool = connect(reset);
  await pool.use(() => undefined);
  await pool.query('select 1');
  expect(pool.stats().totals).toMatchObject({ opened: 2, closed: { 'reset-failed': 1 } });
});

test('statements that it does not wait for are over before the next user comes', async () => {
  const pool = connect((client) => void client.query("set search_path = 'elsewhere'"));
  await pool.use(() => undefined);
  expect(await setting(pool)).toBe('elsewhere');
  expect(pool.stats().totals.opened).toBe(1);
});

const limits: [string, PgPoolOptions, number][] = [
  ['connectTimeoutMs', { connectTimeoutMs: 150 }, 150],
  ['5 s, where pg is told to wait for ever to connect', { connectionTimeoutMillis: 0 }, 5_000],
];

test.each(limits)('one that never ends is given %s', async (_what, options, limitMs) => {
  let times = 0;
  const pool = connect(() => (++times === 1 ? new Promise(() => undefined) : undefined), options);
  await pool.use(() => undefined);
  const startedAt = performance.now();
  await pool.query('select 1');
  expect(performance.now() - startedAt).toBeGreaterThan(limitMs - 20);
  expect(performance.now() - startedAt).toBeLessThan(limitMs + 2_000);
  expect(pool.stats().totals.closed).toEqual({ 'reset-failed': 1 });
});

test.each([['transaction'], ['session']] as const)(
  'a reset of a %s on a line that went silent is bounded too',
  async (reset) => {
    const { host, port } = database.server;
    const proxy = await FaultProxy.start({ target: { host, port } });
    onTestFinished(() => proxy.close());
    const options = { host: proxy.host, port: proxy.port, connectTimeoutMs: 200 };
    const pool = connect(reset, options);
    const client = await pool.connect();
    await client.query(reset === 'session' ? "set search_path = 'elsewhere'" : 'begin');
    proxy.silent('existing');
    client.release();
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect(pool.stats().totals).toMatchObject({ opened: 2, closed: { 'reset-failed': 1 } });
  },
);
