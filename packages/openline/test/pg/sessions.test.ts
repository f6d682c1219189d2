// What one user of a session leaves to the next: no transaction, no statement under way.
import { createPool, type PgPoolOptions, type Pool } from 'openline/pg';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ended } from '../support/pools.ts';
import { givenPostgres, until } from '../support/postgres.ts';

const database = givenPostgres();
const connect = (options: PgPoolOptions = {}): Pool =>
  ended(createPool(database.config({ max: 1, ...options })));

const pidOf = async (pool: Pool): Promise<unknown> =>
  (await pool.query('select pg_backend_pid() as pid')).rows[0].pid;
const rows = (): Promise<unknown> => database.ask('select n from kept order by n');

beforeAll(() => database.ask('create table kept (n int primary key)'));
beforeEach(() => database.ask('truncate kept'));

describe('a client that comes back', () => {
  test.each([
    ['an open transaction', ['begin', 'insert into kept values (1)']],
    ['a failed transaction', ['begin', 'insert into kept values (1)', 'select nonsense']],
  ])('in %s is rolled back, and keeps its session', async (_what, texts) => {
    const pool = connect();
    const pid = await pidOf(pool);
    const client = await pool.connect();
    for (const text of texts) await client.query(text).catch(() => undefined);
    client.release();
    const next = await pool.connect();
    const { rows: found } = await next.query(
      'select pg_backend_pid() as pid, now() = statement_timestamp() as fresh',
    );
    next.release();
    expect(found).toEqual([{ pid, fresh: true }]);
    expect(await rows()).toEqual([]);
  });

  test('from one text that began a transaction and failed in it is rolled back', async () => {
    const pool = connect();
    for (let round = 1; round <= 3; round += 1) {
      await expect(pool.query('begin; select nonsense')).rejects.toMatchObject({ code: '42703' });
      expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    }
    expect(pool.stats().totals.opened).toBe(1);
  });

  test('from a query that began a transaction is rolled back', async () => {
    const pool = connect();
    await pool.query('begin');
    await pool.query('insert into kept values (1)');
    expect(await rows()).toEqual([{ n: 1 }]);
  });

  test('from use() that threw in a transaction is rolled back', async () => {
    const pool = connect();
    const work = pool.use(async (client) => {
      await client.query('begin');
      await client.query('insert into kept values (1)');
      throw new Error('changed my mind');
    });
    await expect(work).rejects.toThrow('changed my mind');
    await pool.query('select 1');
    expect(await rows()).toEqual([]);
  });

  test('in the middle of a statement is lent again when that has ended', async () => {
    const pool = connect();
    const pid = await pidOf(pool);
    const client = await pool.connect();
    let answered = false;
    const asked = client.query('select pg_sleep(0.15)').then(() => {
      answered = true;
    });
    client.release();
    const next = await pool.connect();
    expect(answered).toBe(true);
    expect((await next.query('select pg_backend_pid() as pid')).rows).toEqual([{ pid }]);
    next.release();
    await asked;
  });

  test('in the middle of a statement of a transaction is rolled back after it', async () => {
    const pool = connect();
    const client = await pool.connect();
    const asked = [client.query('begin'), client.query('insert into kept select 1 from pg_sleep(0.1)')];
    client.release();
    await pool.query('select 1');
    await Promise.all(asked);
    expect(await rows()).toEqual([]);
  });

  test.each([
    ['connectTimeoutMs', 150, { connectTimeoutMs: 150 }],
    ['5 s, where pg is told to wait for ever to connect', 5_000, { connectionTimeoutMillis: 0 }],
  ])('in the middle of a statement that does not end is closed after %s', async (_what, limitMs, options) => {
    const pool = connect(options);
    const pid = await pidOf(pool);
    const client = await pool.connect();
    const asked = expect(client.query('select pg_sleep(60)')).rejects.toThrow();
    client.release();
    const startedAt = performance.now();
    expect(await pidOf(pool)).not.toBe(pid);
    expect(performance.now() - startedAt).toBeLessThan(limitMs + 500);
    await asked;
  });
});

describe('transaction()', () => {
  test('commits when the work returns, and returns what it returned', async () => {
    const pool = connect();
    const result = await pool.transaction(async (client) => {
      await client.query('insert into kept values (1)');
      return 'done';
    });
    expect(result).toBe('done');
    expect(await rows()).toEqual([{ n: 1 }]);
  });

  test('rolls back when the work throws, and throws the same', async () => {
    const pool = connect();
    const thrown = new Error('changed my mind');
    const work = pool.transaction(async (client) => {
      await client.query('insert into kept values (1)');
      throw thrown;
    });
    await expect(work).rejects.toBe(thrown);
    expect(await rows()).toEqual([]);
    expect(pool.stats()).toMatchObject({ idle: 1, leased: 0 });
  });

  test('fails when its commit turns out to be a rollback', async () => {
    const pool = connect();
    const work = pool.transaction(async (client) => {
      await client.query('insert into kept values (1)');
      await client.query('select nonsense').catch(() => undefined);
    });
    await expect(work).rejects.toThrow('rolled back at its commit');
    expect(await rows()).toEqual([]);
  });

  test('throws the error of a commit that fails', async () => {
    const pool = connect();
    await pool.query('create table parent (id int primary key)');
    await pool.query('create table child (id int references parent deferrable initially deferred)');
    const work = pool.transaction((client) => client.query('insert into child values (1)'));
    await expect(work).rejects.toMatchObject({ code: '23503' });
    await until(() => pool.idleCount === 1, 'the client is idle');
  });

  test.each([
    [{}, ['read committed', 'off', 'off']],
    [{ isolation: 'repeatable read' }, ['repeatable read', 'off', 'off']],
    [{ readOnly: true }, ['read committed', 'on', 'off']],
    [{ isolation: 'serializable', readOnly: true, deferrable: true }, ['serializable', 'on', 'on']],
    [{ readOnly: false, deferrable: false }, ['read committed', 'off', 'off']],
  ] as const)('runs as %o says', async (options, expected) => {
    const settings = ['transaction_isolation', 'transaction_read_only', 'transaction_deferrable'];
    const found = await connect().transaction(async (client) => {
      const { rows: all } = await client.query(
        'select current_setting(name) as value from unnest($1::text[]) as name',
        [settings],
      );
      return all.map(({ value }) => value);
    }, options);
    expect(found).toEqual(expected);
  });

  test('refuses an isolation that is none, and keeps its client', async () => {
    const pool = connect();
    const options = { isolation: 'serializable; drop table kept' } as never;
    await expect(pool.transaction(() => 'never', options)).rejects.toMatchObject({
      code: 'OPENLINE_INVALID_OPTIONS',
    });
    expect(await rows()).toEqual([]);
    expect(pool.stats()).toMatchObject({ leased: 0 });
  });

  test('throws the error of the work where its session died in it', async () => {
    const pool = connect({ application_name: 'dies-in-transaction' });
    const thrown = new Error('what the work makes of it');
    const work = pool.transaction(async (client) => {
      await database.terminate('dies-in-transaction');
      await client.query('select 1').catch(() => {
        throw thrown;
      });
    });
    await expect(work).rejects.toBe(thrown);
    await until(() => pool.totalCount === 0, 'the dead client is gone');
  });

  test('waits no longer for a client than it is told', async () => {
    const pool = connect();
    const client = await pool.connect();
    const waiting = pool.transaction(() => 'never', { timeoutMs: 30 });
    await expect(waiting).rejects.toMatchObject({ kind: 'acquire-timeout' });
    client.release();
  });
});
