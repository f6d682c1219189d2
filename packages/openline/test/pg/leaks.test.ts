// Clients that do not come back: told of with their place, and taken back where the pool is asked to.

import { once } from 'node:events';
import { type PgPoolOptions, Pool } from 'openline/pg';
import pg, { type PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import Cursor from 'pg-cursor';
import { describe, expect, test, vi } from 'vitest';
import { collectedUntil } from '../core/collection.ts';
import { captureEveryPlace } from '../support/every-place.ts';
import { ended } from '../support/pools.ts';
import { givenPostgres, until } from '../support/postgres.ts';

const database = givenPostgres();

test('with onLeak "reclaim" a client held for too long is closed, and its release is forgiven', async () => {
  captureEveryPlace();
  const leaseOverdue = vi.fn();
  const pool = ended(
    new Pool(
      database.config({
        max: 1,
        leakThresholdMs: 200,
        onLeak: 'reclaim' as const,
        observers: [{ leaseOverdue }],
      }),
    ),
  );
  const client = await pool.connect();
  client.on('error', () => undefined);
  const { rows } = await pool.query('select 42 as answer');
  expect(rows).toEqual([{ answer: 42 }]);
  expect(leaseOverdue).toHaveBeenCalledOnce();
  expect(leaseOverdue.mock.calls[0]![0].place).toContain('leaks.test.ts');
  await expect(client.query('select 1')).rejects.toThrow();
  client.release();
  client.release(new Error('of the user'));
  expect(pool.stats().totals.closed).toEqual({ leaked: 1 });
  expect((await pool.query('select 43 as answer')).rows).toEqual([{ answer: 43 }]);
});

test('a statement of pool.query() is not taken for a leak, however long it runs', async () => {
  const told: string[] = [];
  const observers: PgPoolOptions['observers'] = [
    { leaseOverdue: () => told.push('overdue'), closed: ({ reason }) => told.push(reason) },
  ];
  const options = { max: 2, leakThresholdMs: 200, onLeak: 'reclaim' as const, observers };
  const pool = ended(new Pool(database.config(options)));
  const answers = [
    pool.query('select 1 as answer, pg_sleep(1.5)'),
    pool.query('select $1::int as answer, pg_sleep(1.5)', [1]),
    pool.query({ text: 'select 1 as answer, pg_sleep(1.5)', readTimeoutMs: Number.POSITIVE_INFINITY }),
  ];
  for (const { rows } of await Promise.all(answers)) expect(rows[0]).toMatchObject({ answer: 1 });
  // One that the driver sends in its own way.
  const submitted = new pg.Query('select 1 as answer, pg_sleep(1.5)');
  const submittedEnds = once(submitted, 'end');
  pool.query(submitted);
  await submittedEnds;
  expect(told).toEqual([]);
  const client = await pool.connect();
  client.on('error', () => undefined);
  await until(() => told.length > 1, 'a client that is held is taken back', 10_000);
  expect(told).toEqual(['overdue', 'leaked']);
  client.release();
});

test('a client that is dropped is overdue, and never proven to be lost: its socket has it', async () => {
  let overdue = 0;
  let leaked = 0;
  const observers = [{ leaseOverdue: () => void overdue++, leaseLeaked: () => void leaked++ }];
  const pool = ended(new Pool(database.config({ max: 1, leakThresholdMs: 200, observers })));
  let client: WeakRef<PoolClient> | undefined;
  await (async () => {
    client = new WeakRef(await pool.connect());
  })();
  await vi.waitFor(() => expect(overdue).toBe(1), { timeout: 10_000 });
  expect(await collectedUntil(() => leaked > 0)).toBe(false);
  client!.deref()!.release();
});

interface Told {
  readonly event: string;
  /** Of the lease, or of the connection. */
  readonly ageMs: number;
  readonly place?: string | undefined;
}

/** A pool of one connection, and what it tells of leaks. */
function watched(leakThresholdMs: number): { pool: Pool; told: Told[]; events: () => string[] } {
  const told: Told[] = [];
  const observers: PgPoolOptions['observers'] = [
    {
      leaseLeaked: ({ place, ageMs }) => void told.push({ event: 'leaked', place, ageMs }),
      leaseOverdue: ({ place, ageMs }) => void told.push({ event: 'overdue', place, ageMs }),
      closed: ({ reason, ageMs }) => void told.push({ event: `closed ${reason}`, ageMs }),
    },
  ];
  const pool = ended(new Pool(database.config({ max: 1, leakThresholdMs, observers })));
  return { pool, told, events: () => told.map(({ event }) => event) };
}

/** Lets the pool see that a lease is old, and the engine that nobody has it. */
const proven = (events: () => string[]): Promise<unknown> =>
  until(() => collectedUntil(() => events().includes('leaked')), 'the leak is told of', 30_000);

/** Work that goes no further after its first statement, and that nobody has any more: begun here, so that no variable of the test holds it. */
function forget(
  begin: (work: (client: PoolClient) => Promise<void>) => Promise<void>,
  text: string,
): Promise<void> {
  return new Promise((asked, failed) => {
    const work = async (client: PoolClient): Promise<void> => {
      await client.query(text);
      asked();
      await new Promise(() => undefined);
    };
    begin(work).catch(failed);
  });
}

describe('a lease of the pool, whose work is forgotten, is proven lost', () => {
  test.each([
    ['in use()', (pool: Pool) => forget((work) => pool.use(work), 'select 1')],
    [
      'in transaction(), which it leaves open',
      (pool: Pool) => forget((work) => pool.transaction(work), 'select 1'),
    ],
    [
      'in stream(), which it does not read to its end',
      async (pool: Pool) => {
        await pool.stream('select n from generate_series(1, 1000) as n')[Symbol.asyncIterator]().next();
      },
    ],
  ])('%s; others have its place when its client has been quiet for a second', async (_, begin) => {
    captureEveryPlace();
    const { pool, told, events } = watched(600_000);
    await begin(pool);
    const next = pool.query('select 42 as answer');
    await proven(events);
    expect(told[0]!.place).toContain('leaks.test.ts');
    expect((await next).rows).toEqual([{ answer: 42 }]);
    expect(events()).toEqual(['leaked', 'closed leaked']);
    expect(told[1]!.ageMs - told[0]!.ageMs).toBeGreaterThan(990);
  });

  test('and its connection is left alone while a statement is under way', async () => {
    const { pool, told, events } = watched(600_000);
    await forget(
      (work) =>
        pool.use(async (client) => {
          client.query('select pg_sleep(4)').then(() => told.push({ event: 'slept', ageMs: 0 }));
          await work({ query: async () => undefined } as unknown as PoolClient);
        }),
      'none',
    );
    await proven(events);
    expect((await pool.query('select 42 as answer')).rows).toEqual([{ answer: 42 }]);
    expect(events()).toEqual(['leaked', 'slept', 'closed leaked']);
  });

  test.each([
    [
      'a cursor is open',
      (client: PoolClient) =>
        void client
          .query(new Cursor('select generate_series(1, 1000)'))
          .read(1)
          .catch(() => undefined),
    ],
    [
      'a COPY is under way',
      (client: PoolClient) =>
        void client.query(copyFrom('copy pg_temp.copied from stdin')).on('error', () => undefined),
    ],
  ])('and where %s, its connection is closed at leakThresholdMs', async (_, leave) => {
    const { pool, told, events } = watched(5_000);
    await forget(
      (work) =>
        pool.use(async (client) => {
          await client.query('create temp table copied (n int)');
          leave(client);
          await work({ query: async () => undefined } as unknown as PoolClient);
        }),
      'none',
    );
    await proven(events);
    expect((await pool.query('select 42 as answer')).rows).toEqual([{ answer: 42 }]);
    expect(events()).toEqual(['leaked', 'closed leaked']);
    expect(told[1]!.ageMs).toBeGreaterThanOrEqual(5_000);
  });
});

test('a lease whose client ends it too is never proven lost', async () => {
  const { pool, events } = watched(1_500);
  let client: WeakRef<PoolClient> | undefined;
  await (async () => {
    client = new WeakRef((await pool.acquire()).connection);
  })();
  await until(() => events().includes('overdue'), 'it is overdue', 10_000);
  expect(await collectedUntil(() => events().includes('leaked'))).toBe(false);
  client!.deref()!.release();
});
