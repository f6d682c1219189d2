// Clients taken from the pool and given back: both forms of connect, every form of release, and the counts meanwhile.
import { Pool as OpenlinePool } from 'openline/pg';
import pg from 'pg';
import { describe, expect, test, vi } from 'vitest';
import { bothPools, ended } from '../support/pools.ts';
import { givenPostgres, until } from '../support/postgres.ts';

const database = givenPostgres();

describe.each(bothPools)('a client of %s', (_, Pool) => {
  const connect = (options: pg.PoolConfig = {}) => ended(new Pool(database.config({ max: 1, ...options })));

  test('comes as a promise, and is a pg.Client', async () => {
    const client = await connect().connect();
    expect(client).toBeInstanceOf(pg.Client);
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    client.release();
  });

  test('comes to a callback, with done', async () => {
    const pool = connect();
    const [error, client, done] = await new Promise<unknown[]>((resolve) => {
      const returned: unknown = pool.connect((...args) => resolve(args));
      expect(returned).toBeUndefined();
    });
    expect(error).toBeUndefined();
    expect(client).toBeInstanceOf(pg.Client);
    expect(pool.idleCount).toBe(0);
    (done as () => void)();
    expect(pool.idleCount).toBe(1);
  });

  test('is closed when done is given an error', async () => {
    const pool = connect();
    await new Promise<void>((resolve) => {
      pool.connect((_error, _client, done) => {
        done(new Error('broken'));
        resolve();
      });
    });
    expect(pool.totalCount).toBe(0);
  });

  test('that cannot be had comes to a callback as an error, with a done that does nothing', async () => {
    const pool = connect({ password: 'wrong' });
    const [error, client, done] = await new Promise<unknown[]>((resolve) => {
      pool.connect((...args) => resolve(args));
    });
    expect(error).toMatchObject({ code: '28P01' });
    expect(client).toBeUndefined();
    (done as () => void)();
    expect(pool.totalCount).toBe(0);
  });

  test('keeps its identity from one loan to the next', async () => {
    const pool = connect();
    const known = new WeakMap<pg.PoolClient, string>();
    const first = await pool.connect();
    known.set(first, 'mine');
    first.release();
    const second = await pool.connect();
    expect(known.get(second)).toBe('mine');
    second.release();
  });

  test('is kept by release() and by release(undefined)', async () => {
    const pool = connect();
    const first = await pool.connect();
    first.release();
    const second = await pool.connect();
    second.release(undefined);
    const third = await pool.connect();
    third.release(false);
    expect([second, third]).toEqual([first, first]);
    expect(pool.totalCount).toBe(1);
  });

  test.each([
    ['an error', new Error('broken')],
    ['true', true],
  ])('is closed by release(%s)', async (_what, argument) => {
    const pool = connect();
    const first = await pool.connect();
    first.release(argument);
    expect(pool.totalCount).toBe(0);
    const second = await pool.connect();
    expect(second).not.toBe(first);
    second.release();
  });

  test('is released once only', async () => {
    const pool = connect();
    const client = await pool.connect();
    client.release();
    expect(() => client.release()).toThrow(/released/);
    expect(pool.idleCount).toBe(1);
  });

  test('is closed after maxUses loans', async () => {
    const pool = connect({ maxUses: 2 });
    const clients = [];
    for (let n = 0; n < 4; n += 1) {
      const client = await pool.connect();
      clients.push(client);
      client.release();
    }
    expect(clients[0]).toBe(clients[1]);
    expect(clients[2]).toBe(clients[3]);
    expect(clients[1]).not.toBe(clients[2]);
  });

  test('is closed when it comes back after its user has ended it', async () => {
    const pool = connect();
    const client = await pool.connect();
    await (client as unknown as pg.Client).end();
    client.release();
    await until(() => pool.totalCount === 0, 'the ended client is gone');
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });

  test('is counted: open, idle, waited for', async () => {
    const pool = connect();
    const counts = (): number[] => [pool.totalCount, pool.idleCount, pool.waitingCount];
    expect(counts()).toEqual([0, 0, 0]);
    const first = pool.connect();
    expect(counts()).toEqual([1, 0, 0]);
    const client = await first;
    const second = pool.connect();
    const third = pool.connect();
    expect(counts()).toEqual([1, 0, 2]);
    client.release();
    (await second).release();
    (await third).release();
    expect(counts()).toEqual([1, 1, 0]);
    await pool.end();
    expect(counts()).toEqual([0, 0, 0]);
  });

  test('that is lent past its lifetime is counted as expired, and closed when it comes back', async () => {
    const pool = connect({ maxLifetimeSeconds: 1 });
    const client = await pool.connect();
    expect(pool.expiredCount).toBe(0);
    await until(() => pool.expiredCount === 1, 'the client has expired');
    expect(pool.totalCount).toBe(1);
    client.release();
    await until(() => pool.totalCount === 0, 'the expired client is gone');
    expect(pool.expiredCount).toBe(0);
  });

  test('is closed after idleTimeoutMillis, those below min excepted', async () => {
    const pool = connect({ max: 3, min: 1, idleTimeoutMillis: 30 });
    const clients = await Promise.all([pool.connect(), pool.connect(), pool.connect()]);
    for (const client of clients) client.release();
    expect(pool.idleCount).toBe(3);
    await until(() => pool.totalCount === 1, 'two of three are gone');
  });

  test('that waits in line is refused after connectionTimeoutMillis', async () => {
    const pool = connect({ connectionTimeoutMillis: 150 });
    const client = await pool.connect();
    const startedAt = performance.now();
    const error = await pool.connect().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    expect(performance.now() - startedAt).toBeGreaterThan(145);
    expect(pool.waitingCount).toBe(0);
    client.release();
  });
});

describe('a client of openline/pg', () => {
  test('that is released a second time says where the first release was, and where it was acquired', async () => {
    const pool = ended(new OpenlinePool(database.config()));
    const client = await pool.connect();
    (function releaseFirst() {
      client.release();
    })();
    expect(() => client.release()).toThrow(
      expect.objectContaining({
        code: 'OPENLINE_LEASE',
        message: expect.stringMatching(
          /released at releaseFirst .*connect\.test\.ts.*acquired at .*connect\.test\.ts/,
        ),
        endedAt: expect.stringContaining('connect.test.ts'),
      }),
    );
  });

  test('whose end was replaced during the loan, and does not call through, does not hang the pool', async () => {
    const pool = new OpenlinePool(database.config({ max: 2 }));
    const [kept, discarded] = await Promise.all([pool.connect(), pool.connect()]);
    const replacement = vi.fn();
    for (const client of [kept, discarded]) (client as unknown as pg.Client).end = replacement;
    discarded.release(true);
    kept.release();
    await pool.end();
    expect(pool.totalCount).toBe(0);
    expect(replacement).not.toHaveBeenCalled();
  });

  test('is named with its place among the holders', async () => {
    const pool = ended(new OpenlinePool(database.config({ max: 4 })));
    async function theConnector() {
      return await pool.connect();
    }
    async function theAcquirer() {
      return await pool.acquire();
    }
    await pool.warm(2);
    const client = await theConnector();
    const lease = await theAcquirer();
    const opened = await theConnector();
    const asleep = (function theAsker() {
      return pool.query('select pg_sleep(0.2)');
    })();
    await until(() => pool.holders().length === 4, 'all four are lent');
    expect(placesOf(pool)).toEqual(['theAcquirer', 'theAsker', 'theConnector', 'theConnector']);
    expect(pool.holders()[0]).toMatchObject({
      mode: 'exclusive',
      place: expect.stringContaining('connect.test.ts:'),
    });
    await asleep;
    for (const ended_ of [client, opened, lease]) ended_.release();
    await pool.query('select 1');
    const busy = (function theNextAsker() {
      return pool.query('select pg_sleep(0.05)');
    })();
    expect(placesOf(pool)).toEqual(['theNextAsker']);
    await busy;
  });
});

/** The functions that hold clients, in alphabetical order. */
function placesOf(pool: OpenlinePool): string[] {
  return pool
    .holders()
    .map(({ place }) => String(place).split(' ')[0] ?? '')
    .sort();
}
