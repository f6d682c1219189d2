// The options of the drop-in: pg's names with pg's meanings, Openline's own names checked.
import { createPool, Pool as OpenlinePool, type PgPoolOptions } from 'openline/pg';
import pg from 'pg';
import { describe, expect, test, vi } from 'vitest';
import { bothPools, ended, warningsOf } from '../support/pools.ts';
import { givenPostgres, until } from '../support/postgres.ts';

const database = givenPostgres();

/** Options as programs give them, typed or not. */
const options = (given: object): PgPoolOptions => database.config(given) as PgPoolOptions;

describe.each(bothPools)('%s', (_, Pool) => {
  /** How many connections eight clients get. */
  async function most(given: object): Promise<number> {
    const pool = ended(new Pool(options(given)));
    const asked = Array.from({ length: 8 }, () => pool.connect());
    const served: pg.PoolClient[] = [];
    for (const client of asked) void client.then((got) => served.push(got));
    await until(() => served.length === Math.min(8, pool.totalCount), 'all that can be served are');
    const { totalCount } = pool;
    for (const client of asked) void client.then((got) => got.release());
    await Promise.all(asked);
    return totalCount;
  }

  test.each([
    ['max', { max: 3 }, 3],
    ['max as text', { max: '3' }, 3],
    ['poolSize', { poolSize: 4 }, 4],
    ['poolSize as text', { poolSize: '4' }, 4],
    ['max before poolSize', { max: 2, poolSize: 4 }, 2],
    ['poolSize where max is 0', { max: 0, poolSize: 2 }, 2],
  ])('takes its size from %s', async (_what, given, size) => {
    expect(await most(given)).toBe(size);
  });

  test('has room for ten where no size is given', () => {
    expect(new Pool(options({})).options.max).toBe(10);
    expect(new Pool(options({ max: 0 })).options.max).toBe(10);
    expect(new Pool(options({ max: undefined, poolSize: undefined })).options.max).toBe(10);
  });

  test.each([
    ['as text', { idleTimeoutMillis: '20', maxUses: '3', connectionTimeoutMillis: '2000' }],
    ['undefined', { idleTimeoutMillis: undefined, maxUses: undefined, connectionTimeoutMillis: undefined }],
    ['null', { idleTimeoutMillis: null, maxUses: null, connectionTimeoutMillis: null, min: null }],
    ['0', { idleTimeoutMillis: 0, maxUses: 0, connectionTimeoutMillis: 0, maxLifetimeSeconds: 0, min: 0 }],
  ])('takes numbers that are %s', async (_what, given) => {
    const pool = ended(new Pool(options(given)));
    for (let n = 1; n <= 4; n += 1) await pool.query('select 1');
    expect(pool.totalCount).toBeLessThanOrEqual(1);
  });

  test('keeps idle clients for ever where idleTimeoutMillis is 0, and for 10 s where it is missing', () => {
    expect(new Pool(options({ idleTimeoutMillis: 0 })).options.idleTimeoutMillis).toBe(0);
    expect(new Pool(options({})).options.idleTimeoutMillis).toBe(10_000);
  });

  test('lets names pass that it does not know, and hands them on', async () => {
    const warnings = warningsOf('OpenlineWarning');
    const theirs = { schema: 'pgboss', archiveCompletedAfterSeconds: 60, retentionDays: 7, db: undefined };
    const pool = ended(new Pool(options(theirs)));
    expect(pool.options).toMatchObject({ schema: 'pgboss', retentionDays: 7 });
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect(warnings).toEqual([]);
  });

  test('hides the password from whoever prints it', async () => {
    const pool = ended(new Pool(options({ max: 1 })));
    const client = await pool.connect();
    const { inspect } = await import('node:util');
    for (const shown of [pool, pool.options, client])
      expect(inspect(shown, { depth: 5 })).not.toContain(database.server.password);
    expect(pool.options.password).toBe(database.server.password);
    expect(Object.keys(pool.options)).not.toContain('password');
    client.release();
  });

  test('asks a password function for each client', async () => {
    const password = vi.fn(async () => database.server.password);
    const pool = ended(new Pool(options({ password })));
    const clients = await Promise.all([pool.connect(), pool.connect()]);
    for (const client of clients) client.release();
    expect(password).toHaveBeenCalledTimes(2);
  });

  test('makes its clients of the Client option', async () => {
    class Mine extends pg.Client {}
    const pool = ended(new Pool(options({ Client: Mine })));
    const client = await pool.connect();
    expect(client).toBeInstanceOf(Mine);
    expect((pool as unknown as { Client: unknown }).Client).toBe(Mine);
    client.release();
  });

  test('answers in promises of the Promise option', async () => {
    class Mine<T> extends Promise<T> {}
    const pool = ended(new Pool(options({ Promise: Mine })));
    const connecting = pool.connect();
    const asking = pool.query('select 1');
    for (const promise of [connecting, asking]) expect(promise).toBeInstanceOf(Mine);
    (await connecting).release();
    await asking;
    const ending = pool.end();
    expect(ending).toBeInstanceOf(Mine);
    await ending;
    const refused = [pool.connect(), pool.query('select 1'), pool.end()];
    for (const promise of refused) expect(promise).toBeInstanceOf(Mine);
    await Promise.allSettled(refused);
  });

  test('is given no options at all', () => {
    expect(new Pool().options).toMatchObject({ max: 10, min: 0, allowExitOnIdle: false });
    expect(new Pool(null as unknown as undefined).options.max).toBe(10);
  });
});

describe('Pool of openline/pg', () => {
  test('is a pg.Pool by its prototype and by its name', () => {
    expect(new OpenlinePool()).toBeInstanceOf(pg.Pool);
    expect(OpenlinePool.name).toContain('Pool');
    expect(new OpenlinePool().constructor.name).toContain('Pool');
  });

  test('warns once of names that look like its own with a slip', async () => {
    const warnings = warningsOf('OpenlineWarning');
    new OpenlinePool(options({ acquireTimoutMs: 1_000, maxWaiter: 5, schema: 'pgboss' }));
    await until(() => warnings.length > 0, 'it has warned');
    expect(warnings.map(({ message }) => message)).toEqual([
      'openline/pg does not know these options: acquireTimoutMs (acquireTimeoutMs?), maxWaiter (maxWaiters?)',
    ]);
  });

  test('does not take small numbers under names of pg for seconds', async () => {
    const warnings = warningsOf('OpenlineWarning');
    const given = { idleTimeoutMillis: 41, connectionTimeoutMillis: 5, maxLifetimeSeconds: 2 };
    await ended(new OpenlinePool(options(given)))
      .query('select 1')
      .catch(() => undefined);
    new OpenlinePool(options({ ...given, acquireTimeoutMs: 7 })).stats();
    await until(() => warnings.length > 0, 'it has warned of acquireTimeoutMs');
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringContaining('acquireTimeoutMs is 7 milliseconds'),
    ]);
  });

  test.each([
    ['a negative deadline', { acquireTimeoutMs: -1 }, ['acquireTimeoutMs']],
    ['faults of several', { connectTimeoutMs: 0, maxWaiters: 'many' }, ['maxWaiters', 'connectTimeoutMs']],
    ['observers that are none', { observers: {} }, ['observers']],
    ['a max that is no number', { max: 'many' }, ['max']],
    ['a negative timeout of pg', { connectionTimeoutMillis: -1 }, ['connectionTimeoutMillis']],
  ])('refuses %s where it is made', (_what, given, names) => {
    expect(() => new OpenlinePool(options(given))).toThrow(
      expect.objectContaining({
        code: 'OPENLINE_INVALID_OPTIONS',
        faults: names.map((option) => expect.objectContaining({ option })),
      }),
    );
  });

  test('takes its own names before those of pg', () => {
    const pool = ended(new OpenlinePool(options({ connectionTimeoutMillis: 5_000, acquireTimeoutMs: 80 })));
    pool.suspend();
    return expect(pool.connect()).rejects.toMatchObject({ kind: 'acquire-timeout', wait: { timeoutMs: 80 } });
  });

  test('has the name that it was given in its errors and stats', async () => {
    const pool = ended(new OpenlinePool(options({ name: 'orders', acquireTimeoutMs: 0 })));
    expect(pool.stats().name).toBe('orders');
    await expect(pool.connect()).rejects.toMatchObject({ poolName: 'orders' });
  });
});

describe('createPool of openline/pg', () => {
  test('makes a Pool', async () => {
    const pool = ended(createPool(options({ max: 2 })));
    expect(pool).toBeInstanceOf(OpenlinePool);
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });

  test('refuses every name that nobody knows, with the nearest that somebody does', () => {
    const given = { schema: 'x', idleTimeoutMilis: 5, acquireTimeoutMS: 5, application_name: 'fine' };
    expect(() => createPool(options(given))).toThrow(
      expect.objectContaining({
        code: 'OPENLINE_INVALID_OPTIONS',
        faults: [
          { option: 'schema', problem: 'is unknown' },
          { option: 'idleTimeoutMilis', problem: 'is unknown: did you mean idleTimeoutMillis?' },
          { option: 'acquireTimeoutMS', problem: 'is unknown: did you mean acquireTimeoutMs?' },
        ],
      }),
    );
  });

  test('knows every option of pg', () => {
    const given = { keepAlive: true, query_timeout: 5, ssl: false, types: pg.types, verify: undefined };
    expect(() => createPool(options({ ...given, statement_timeout: 5, onConnect: undefined }))).not.toThrow();
  });
});
