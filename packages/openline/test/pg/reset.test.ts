// What a client comes back with, and who is told of it: the transaction that was left open, and the place that left it.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { channelNames, type PoolObserver } from 'openline';
import { createPool, type PgPoolOptions, Pool } from 'openline/pg';
import type { PoolClient } from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ended } from '../support/pools.ts';
import { givenPostgres, until } from '../support/postgres.ts';

const database = givenPostgres();

type DirtyReturn = Parameters<NonNullable<PoolObserver<PoolClient>['dirtyReturn']>>[0];

const connect = (options: PgPoolOptions = {}): Pool =>
  ended(createPool(database.config({ max: 1, ...options })));

/** A pool, and what its observer is told of clients that came back. */
function watched(options: PgPoolOptions = {}): { pool: Pool; returns: DirtyReturn[] } {
  const returns: DirtyReturn[] = [];
  const dirtyReturn = (event: DirtyReturn): void => void returns.push(event);
  return { pool: connect({ name: 'told', observers: [{ dirtyReturn }], ...options }), returns };
}

/** In one message, a statement outside a transaction begins with its own. */
const inTransaction = (pool: Pool): Promise<unknown> =>
  pool.use(
    async (client) => (await client.query('select now() <> statement_timestamp() as inside')).rows[0].inside,
  );

describe.each([{}, { reset: 'transaction' }, { reset: 'session' }] as const)('with %o', (options) => {
  test.each([
    ['an open transaction', ['begin']],
    ['a failed transaction', ['begin', 'select nonsense']],
  ])('%s is rolled back, and told of', async (what, texts) => {
    const { pool, returns } = watched(options);
    const client = await pool.connect();
    for (const text of texts) await client.query(text).catch(() => undefined);
    client.release();
    expect(await inTransaction(pool)).toBe(false);
    expect(returns).toMatchObject([{ poolName: 'told', connectionId: 1, what }]);
    expect(returns[0]!.connection).toBe(client);
    expect(pool.stats().totals.opened).toBe(1);
  });

  test('a transaction is told of that is found when the last statement has ended', async () => {
    const { pool, returns } = watched(options);
    const client = await pool.connect();
    const asked = client.query('begin');
    client.release();
    expect(await inTransaction(pool)).toBe(false);
    await asked;
    expect(returns).toMatchObject([{ what: 'an open transaction' }]);
  });

  test('a client that comes back clean is not told of', async () => {
    const { pool, returns } = watched(options);
    await pool.transaction((client) => client.query('select 1'));
    await pool.use((client) => client.query('set statement_timeout = 5000'));
    await pool.query('select 1');
    expect(returns).toEqual([]);
  });
});

/** The place that is told, once one is: a machine that is held up may have spent what it has for captures. */
async function placeTold(left: (pool: Pool) => Promise<unknown>): Promise<string> {
  const { pool, returns } = watched();
  await until(async () => {
    await left(pool);
    await pool.use(() => undefined);
    return returns.at(-1)!.place !== undefined;
  }, 'a place was captured');
  return returns.at(-1)!.place!;
}

test.each<[string, string, (pool: Pool) => Promise<unknown>]>([
  [
    'connect()',
    'connects',
    async function connects(pool) {
      const client = await pool.connect();
      await client.query('begin');
      client.release();
    },
  ],
  [
    'acquire()',
    'acquires',
    async function acquires(pool) {
      using lease = await pool.acquire();
      await lease.connection.query('begin');
    },
  ],
  [
    'use()',
    'uses',
    async function uses(pool) {
      await pool.use((client) => client.query('begin'));
    },
  ],
  [
    'query()',
    'queries',
    async function queries(pool) {
      await pool.query('begin');
    },
  ],
])('what %s left is told of with the place that called it', async (_how, name, left) => {
  expect(await placeTold(left)).toMatch(new RegExp(`${name} \\(.*reset\\.test\\.ts:\\d+:\\d+\\)`));
});

test('what came back is published on a channel, and written to the log', async () => {
  const published: unknown[] = [];
  const keep = (event: unknown): void => void published.push(event);
  subscribe(channelNames.dirtyReturn, keep);
  onTestFinished(() => void unsubscribe(channelNames.dirtyReturn, keep));
  const lines: string[] = [];
  const pool = connect({ name: 'told', log: (message: string) => void lines.push(message) } as PgPoolOptions);
  await pool.use((client) => client.query('begin'));
  await pool.query('select 1');
  expect(published).toMatchObject([{ poolName: 'told', what: 'an open transaction' }]);
  expect(lines.find((line) => line.startsWith('client came back'))).toMatch(
    /^client came back with an open transaction, lent at (.*reset\.test\.ts:\d+:\d+|a place not captured)/,
  );
});

test('an observer that ends the pool on such a return does not keep it from ending', async () => {
  const ends: Promise<void>[] = [];
  const pool: Pool = connect({ observers: [{ dirtyReturn: () => void ends.push(pool.end()) }] });
  const client = await pool.connect();
  await client.query('begin');
  client.release();
  await Promise.all(ends);
  expect([ends.length, pool.ended, pool.totalCount]).toEqual([1, true, 0]);
});

describe('the option', () => {
  test.each([[createPool], [(options: PgPoolOptions) => new Pool(options)]])(
    'is refused where it is none that is known, with what it may be',
    (make) => {
      const given = { reset: 'sessions' } as never;
      expect(() => make(given)).toThrow(/reset is none .*did you mean 'session'.*give 'transaction'/);
      for (const reset of [true, 1, {}, 'no', '']) {
        expect(() => make({ reset } as never)).toThrow(
          expect.objectContaining({ code: 'OPENLINE_INVALID_OPTIONS' }),
        );
      }
    },
  );
});
