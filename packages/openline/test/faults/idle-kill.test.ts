// Idle connections that die in every way a network knows, with no listener anywhere: no crash, and the next callers are served.
import { type PgPoolOptions, Pool } from 'openline/pg';
import { FaultProxy } from 'openline/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { LoopWatch, stalledMs } from '../support/event-loop.ts';
import { ended } from '../support/pools.ts';
import { givenPostgres, until } from '../support/postgres.ts';

const database = givenPostgres();
let proxy: FaultProxy;

beforeAll(async () => {
  proxy = await FaultProxy.start({ target: { port: database.server.port } });
});
afterAll(() => proxy.close());
afterEach(async () => {
  proxy.cut();
  await proxy.restore();
});

const size = 5;
const connectTimeoutMs = 300;
/** For what a loaded machine takes beside the limits. */
const toleranceMs = 150;

/** Limits as short as the test's patience; every connection is validated before it is lent. */
const impatient: PgPoolOptions = {
  max: size,
  connectTimeoutMs,
  validateAfterIdleMs: 0,
  acquireTimeoutMs: 5_000,
};

/** A pool whose connections are all open and idle. */
async function idlePool(options: PgPoolOptions = {}): Promise<Pool> {
  const pool = ended(new Pool(database.config({ port: proxy.port, ...impatient, ...options })));
  await pool.warm(size);
  // What has answered in this very moment is taken to live.
  await until(() => pool.connections().every(({ ageMs }) => ageMs > 2), 'they have been idle for a moment');
  return pool;
}

/** How long it takes until as many callers as there are connections have been served. */
async function servedWithinMs(pool: Pool): Promise<number> {
  using loop = new LoopWatch();
  const askedAt = performance.now();
  const asked = Array.from({ length: size }, (_, n) => pool.query('select $1::int as n', [n]));
  const answers = await Promise.all(asked);
  const now = performance.now();
  expect(answers.map(({ rows }) => rows[0].n)).toEqual([0, 1, 2, 3, 4]);
  return now - askedAt - stalledMs(loop.stalls(), askedAt, now);
}

const loud: [string, () => void][] = [
  ['by a reset', () => proxy.cut('reset')],
  ['by a FIN', () => proxy.cut('end')],
];
const quiet: [string, () => void][] = [
  ['half-open, as behind a NAT that forgot', () => proxy.halfOpen()],
  ['in silence', () => proxy.silent('existing')],
];

describe('idle connections that die', () => {
  test.each(loud)('%s are closed at once, before anybody asks', async (_how, kill) => {
    const pool = await idlePool();
    kill();
    await until(() => pool.totalCount === 0, 'all are gone', 1_000);
    await until(() => pool.stats().totals.closed.lost === size, 'all are closed', 2_000);
    expect(await servedWithinMs(pool)).toBeLessThan(connectTimeoutMs + toleranceMs);
  });

  test.each(loud)('%s do not fail a caller that asks in the same moment', async (_how, kill) => {
    const pool = await idlePool();
    kill();
    expect(await servedWithinMs(pool)).toBeLessThan(2 * connectTimeoutMs + toleranceMs);
  });

  test.each(quiet)('%s cost callers one validation and one connect', async (_how, kill) => {
    const pool = await idlePool();
    kill();
    expect(await servedWithinMs(pool)).toBeLessThan(2 * connectTimeoutMs + toleranceMs);
    await until(() => pool.stats().totals.closed.invalid === size, 'all of them are closed', 2_000);
    expect(pool.stats()).toMatchObject({ leased: 0, validating: 0, resetting: 0 });
  });

  test.each(quiet)('%s cost a single caller no more than that', async (_how, kill) => {
    const pool = await idlePool();
    kill();
    const askedAt = performance.now();
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect(performance.now() - askedAt).toBeLessThan(2 * connectTimeoutMs + toleranceMs);
  });

  test.each(quiet)('%s are found by the keepalive, before anybody asks', async (_how, kill) => {
    const pool = await idlePool({ keepaliveMs: 100, validateAfterIdleMs: 10_000 });
    kill();
    await until(() => pool.stats().totals.closed.invalid === size, 'all are closed', 3_000);
    expect(await servedWithinMs(pool)).toBeLessThan(connectTimeoutMs + toleranceMs);
  });

  test('with the server too are replaced as soon as it is back', async () => {
    const pool = await idlePool();
    proxy.refuse();
    proxy.cut();
    const asked = servedWithinMs(pool);
    await until(() => (pool.stats().outage?.attempts ?? 0) > 2, 'it has been tried');
    await proxy.restore();
    await asked;
    expect(pool.stats().outage).toBeUndefined();
  });

  test('in silence, and new ones too, are told of at the deadline with the phase', async () => {
    const pool = await idlePool({ acquireTimeoutMs: 1_000 });
    proxy.silent('all');
    const askedAt = performance.now();
    await expect(pool.query('select 1')).rejects.toMatchObject({
      kind: 'acquire-timeout',
      wait: { validatingMs: expect.any(Number) },
      cause: { phase: 'startup', timedOut: true },
    });
    expect(performance.now() - askedAt).toBeLessThan(1_000 + toleranceMs);
  });
});

describe('lent connections that die', () => {
  test.each(loud)('%s fail what their users ask, and are replaced', async (_how, kill) => {
    const pool = await idlePool();
    const clients = await Promise.all(Array.from({ length: size }, () => pool.connect()));
    kill();
    for (const client of clients) await expect(client.query('select 1')).rejects.toThrow();
    for (const client of clients) client.release();
    expect(await servedWithinMs(pool)).toBeLessThan(2 * connectTimeoutMs + toleranceMs);
  });

  test.each(quiet)('%s with a statement under way are not lent again', async (_how, kill) => {
    const pool = await idlePool({ query_timeout: 200 });
    const clients = await Promise.all(Array.from({ length: size }, () => pool.connect()));
    kill();
    const asked = await Promise.allSettled(clients.map((client) => client.query('select 1')));
    for (const outcome of asked)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { message: 'Query read timeout' } });
    for (const client of clients) client.release();
    expect(await servedWithinMs(pool)).toBeLessThan(2 * connectTimeoutMs + toleranceMs);
  });
});
