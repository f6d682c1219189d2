// Listeners that a user adds to a client go with the loan; those that belong to the connection stay.
import { createPool, type PgPoolOptions, type Pool } from 'openline/pg';
import type { PoolClient } from 'pg';
import { describe, expect, test, vi } from 'vitest';
import { ended, eventsOf } from '../support/pools.ts';
import { givenPostgres, until } from '../support/postgres.ts';

const database = givenPostgres();
const connect = (options: PgPoolOptions = {}): Pool =>
  ended(createPool(database.config({ max: 1, ...options })));
const doNothing = (): void => undefined;

/** How many listeners a client has for each event. */
const counts = (client: PoolClient): Record<string, number> =>
  Object.fromEntries(
    client.eventNames().map((event) => [String(event), client.listenerCount(event as 'end')]),
  );

const events = ['notification', 'notice', 'error', 'end', 'drain', 'of its own'] as const;

describe('a listener added during a loan', () => {
  const lends: [string, (pool: Pool, work: (client: PoolClient) => void) => Promise<void>][] = [
    [
      'connect()',
      async (pool, work) => {
        const client = await pool.connect();
        work(client);
        client.release();
      },
    ],
    [
      'acquire()',
      async (pool, work) => {
        using lease = await pool.acquire();
        work(lease.connection);
      },
    ],
    ['use()', (pool, work) => pool.use(work)],
  ];

  test.each(lends)('of %s is taken off when the client comes back', async (_how, lend) => {
    const pool = connect();
    let before = {};
    let lent: PoolClient | undefined;
    await lend(pool, (client) => {
      lent = client;
      before = counts(client);
      for (const event of events) {
        client.on(event as 'end', doNothing);
        client.once(event as 'end', doNothing);
        client.prependListener(event as 'end', doNothing);
      }
      expect(counts(client)).not.toEqual(before);
    });
    expect(counts(lent!)).toEqual(before);
    await lend(pool, (client) => expect(counts(client)).toEqual(before));
  });

  test('does not pile up, and hears nothing of the next loan', async () => {
    const pool = connect();
    const heard = vi.fn();
    for (let n = 1; n <= 20; n += 1) await pool.use((client) => void client.on('notice', heard));
    await pool.use((client) => client.query("do $$ begin raise notice 'to nobody'; end $$"));
    expect(heard).not.toHaveBeenCalled();
  });

  test('in place of one that was there is taken off as well', async () => {
    const pool = connect();
    const theirs = vi.fn();
    const once = vi.fn();
    pool.on('connect', (client) => void client.once('notice', once));
    await pool.use(async (client) => {
      client.on('notice', theirs);
      await client.query("do $$ begin raise notice 'to both'; end $$");
    });
    await pool.use((client) => client.query("do $$ begin raise notice 'to nobody'; end $$"));
    expect([theirs, once].map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
  });

  test('for good is no reason to take off the same one that was there for once', async () => {
    const pool = connect();
    const heard = vi.fn();
    pool.on('connect', (client) => void client.once('notice', heard));
    await pool.use((client) => void client.prependListener('notice', heard));
    const notice = "do $$ begin raise notice 'to one'; end $$";
    await pool.use((client) => client.query(notice));
    await pool.use((client) => client.query(notice));
    expect(heard).toHaveBeenCalledTimes(1);
  });

  test('on a client that is closed instead hears its end', async () => {
    const pool = connect();
    const heard = vi.fn();
    const client = await pool.connect();
    client.on('end', heard);
    client.release(true);
    await until(() => heard.mock.calls.length === 1, 'it is closed');
  });

  test('on a client that was detached stays', async () => {
    const pool = connect();
    const lease = await pool.acquire();
    const client = lease.detach();
    client.on('notice', doNothing);
    expect(client.listenerCount('notice')).toBe(1);
    await (client as unknown as { end(): Promise<void> }).end();
  });
});

describe('a listener added when the client connected', () => {
  test.each<[string, (added: (client: PoolClient) => void) => Pool]>([
    ['in onConnect', (added) => connect({ onConnect: (client) => added(client as PoolClient) })],
    [
      'at the event',
      (added) => {
        const pool = connect();
        return pool.on('connect', added);
      },
    ],
  ])('%s stays', async (_how, make) => {
    const heard = vi.fn();
    const pool = make((client) => void client.on('notification', heard));
    await pool.query('listen news');
    await pool.use((client) => void client.on('notification', doNothing));
    await pool.query('notify news');
    await pool.use((client) => client.query('select 1'));
    expect(heard).toHaveBeenCalledTimes(1);
  });
});

test('a listener that is there when the client is lent stays', async () => {
  const pool = connect();
  const client = await pool.connect();
  client.release();
  const heard = vi.fn();
  client.on('notice', heard);
  await pool.use((lent) => void lent.on('notice', doNothing));
  await pool.use((lent) => lent.query("do $$ begin raise notice 'to one'; end $$"));
  expect(heard).toHaveBeenCalledTimes(1);
});

test('the death of an idle client is still told of after loans with listeners', async () => {
  const pool = connect({ application_name: 'dies-idle' });
  await pool.use((client) => {
    client.on('error', doNothing);
    client.on('end', doNothing);
  });
  const emitted = eventsOf(pool);
  await database.terminate('dies-idle');
  await until(() => pool.totalCount === 0, 'it is gone');
  expect(emitted.map(([event]) => event)).toEqual(['error', 'remove']);
});
