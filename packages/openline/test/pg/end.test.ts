// The end of a pool, in every form.
import { Pool as OpenlinePool, type PgPoolOptions } from 'openline/pg';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { bothPools, ended } from '../support/pools.ts';
import { givenPostgres, until } from '../support/postgres.ts';

const database = givenPostgres();

describe.each(bothPools)('the end of %s', (_, Pool) => {
  const connect = (options: pg.PoolConfig = {}) => ended(new Pool(database.config(options)));

  test('resolves when every session is over', async () => {
    const name = `ends-${Pool.name}`;
    const pool = connect({ application_name: name });
    await Promise.all([pool.query('select 1'), pool.query('select 2')]);
    await pool.end();
    expect([pool.ending, pool.ended, pool.totalCount]).toEqual([true, true, 0]);
    await until(async () => (await database.sessions(name)) === 0, 'the server has seen them go');
  });

  test('resolves for a pool that was never used', async () => {
    await expect(connect().end()).resolves.toBeUndefined();
  });

  test('calls back', async () => {
    const pool = connect();
    await pool.query('select 1');
    const error = await new Promise((resolve) => {
      expect(pool.end(resolve as () => void)).toBeUndefined();
    });
    expect(error).toBeUndefined();
    expect(pool.ended).toBe(true);
  });

  test('is asked for once only', async () => {
    const pool = connect();
    const first = pool.end();
    await expect(pool.end()).rejects.toThrow('Called end on pool more than once');
    const [error] = await new Promise<unknown[]>((resolve) => pool.end((...args) => resolve(args)));
    expect(error).toMatchObject({ message: 'Called end on pool more than once' });
    await first;
  });

  test('refuses clients and queries from its beginning on', async () => {
    const pool = connect();
    const ending = pool.end();
    const refusal = 'Cannot use a pool after calling end on the pool';
    await expect(pool.connect()).rejects.toThrow(refusal);
    await expect(pool.query('select 1')).rejects.toThrow(refusal);
    await ending;
    await expect(pool.connect()).rejects.toThrow(refusal);
    const error = await new Promise((resolve) => pool.query('select 1', resolve));
    expect(error).toMatchObject({ message: refusal });
    const [refused] = await new Promise<unknown[]>((resolve) => pool.connect((...args) => resolve(args)));
    expect(refused).toMatchObject({ message: refusal });
  });

  test('waits for the clients that are lent', async () => {
    const pool = connect();
    const client = await pool.connect();
    let over = false;
    const ending = pool.end().then(() => {
      over = true;
    });
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect([pool.ending, pool.ended, over]).toEqual([true, false, false]);
    client.release();
    await ending;
    expect(pool.ended).toBe(true);
  });
});

describe('the end of openline/pg', () => {
  const connect = (options: PgPoolOptions = {}) => ended(new OpenlinePool(database.config(options)));

  test('refuses who waits in line', async () => {
    const pool = connect({ max: 1 });
    const client = await pool.connect();
    const waiting = [pool.connect(), pool.query('select 1')];
    const refusals = Promise.allSettled(waiting);
    const ending = pool.end();
    for (const { status, reason } of (await refusals) as PromiseRejectedResult[]) {
      expect(status).toBe('rejected');
      expect(reason).toMatchObject({ code: 'OPENLINE_POOL_CLOSED' });
    }
    client.release();
    await ending;
  });

  test('waits no longer than it is told for clients that do not come back, and closes them', async () => {
    const name = 'never-comes-back';
    const pool = connect({ application_name: name });
    const client = await pool.connect();
    const startedAt = performance.now();
    await pool.end({ timeoutMs: 100 });
    expect(performance.now() - startedAt).toBeLessThan(1_500);
    await until(async () => (await database.sessions(name)) === 0, 'its session is over');
    await expect(client.query('select 1')).rejects.toThrow();
    expect(() => client.release()).not.toThrow();
  });

  test('fails the queries that take longer than it waits', async () => {
    const pool = connect({ max: 1 });
    const asked = pool.query('select pg_sleep(5)');
    const failed = expect(asked).rejects.toThrow('Connection terminated');
    await until(() => pool.stats().leased === 1, 'the query is under way');
    await pool.end({ timeoutMs: 20 });
    await failed;
  });

  test('gives up an open under way', async () => {
    const pool = connect();
    const refused = expect(pool.connect()).rejects.toMatchObject({ code: 'OPENLINE_POOL_CLOSED' });
    await pool.end();
    await refused;
    expect(pool.totalCount).toBe(0);
  });

  test('waits for a statement that its user has left under way', async () => {
    const pool = connect({ max: 1 });
    const client = await pool.connect();
    const asked = client.query("select pg_sleep(0.1), 'done' as word");
    client.release();
    const ending = pool.end();
    await expect(asked).resolves.toMatchObject({ rows: [{ word: 'done' }] });
    await ending;
  });

  test('refuses a limit that is no duration', async () => {
    const pool = connect();
    await pool.query('select 1');
    await expect(pool.end({ timeoutMs: -1 })).rejects.toMatchObject({ code: 'OPENLINE_INVALID_OPTIONS' });
  });

  test('resolves with a Client of pg that never connected', async () => {
    class Unused extends pg.Client {}
    const pool = connect({ Client: Unused });
    await pool.end();
    expect(pool.totalCount).toBe(0);
  });
});
