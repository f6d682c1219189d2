// Every form of query that pg's pool takes, put to both pools.
import { Pool as OpenlinePool } from 'openline/pg';
import pg from 'pg';
import { describe, expect, test, vi } from 'vitest';
import { bothPools, ended } from '../support/pools.ts';
import { givenPostgres } from '../support/postgres.ts';

const database = givenPostgres();

/** A query by callback, as a promise of what the callback was given. */
function answered(ask: (callback: (...args: unknown[]) => void) => unknown): Promise<unknown[]> {
  return new Promise((resolve) => ask((...args) => resolve(args)));
}

describe.each(bothPools)('a query of %s', (_, Pool) => {
  const connect = () => ended(new Pool(database.config({ max: 2 })));

  test('is a text', async () => {
    const result = await connect().query('select 1 as one');
    expect(result.rows).toEqual([{ one: 1 }]);
    expect(result).toMatchObject({ command: 'SELECT', rowCount: 1 });
    expect(result.fields.map(({ name }) => name)).toEqual(['one']);
  });

  test('is a text with values', async () => {
    const { rows } = await connect().query('select $1::text as a, $2::int as b', ['x', 2]);
    expect(rows).toEqual([{ a: 'x', b: 2 }]);
  });

  test('is a text of several statements', async () => {
    const results = (await connect().query('select 1 as a; select 2 as b')) as unknown as pg.QueryResult[];
    expect(results.map(({ rows }) => rows)).toEqual([[{ a: 1 }], [{ b: 2 }]]);
  });

  test('is a config with text and values', async () => {
    const { rows } = await connect().query({ text: 'select $1::int as n', values: [3] });
    expect(rows).toEqual([{ n: 3 }]);
  });

  test('is a config with values given apart', async () => {
    const { rows } = await connect().query({ text: 'select $1::int as n' }, [4]);
    expect(rows).toEqual([{ n: 4 }]);
  });

  test('is a config with a name, prepared once for each client', async () => {
    const pool = connect();
    const config = { name: 'numbered', text: 'select $1::int as n' };
    for (const n of [1, 2, 3]) expect((await pool.query({ ...config, values: [n] })).rows).toEqual([{ n }]);
    const { rows } = await pool.query('select name from pg_prepared_statements');
    expect(rows).toEqual([{ name: 'numbered' }]);
  });

  test('is a config in row mode', async () => {
    const { rows } = await connect().query({ text: 'select 1 as a, 2 as a', rowMode: 'array' });
    expect(rows).toEqual([[1, 2]]);
  });

  test('is a config with type parsers of its own', async () => {
    const types = { getTypeParser: () => (text: string) => `«${text}»` } as unknown as pg.CustomTypesConfig;
    const { rows } = await connect().query({ text: 'select 5 as n', types });
    expect(rows).toEqual([{ n: '«5»' }]);
  });

  test('is a Submittable, which the pool tells of its end', async () => {
    const pool = connect();
    const rows: unknown[] = [];
    const query = new pg.Query({ text: 'select * from generate_series(1, 3) as n' });
    (query as unknown as NodeJS.EventEmitter).on('row', (row) => rows.push(row));
    await pool.query(query as unknown as string);
    expect(rows).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect(pool.idleCount).toBe(1);
  });

  test('answers a callback behind the text', async () => {
    const pool = connect();
    const [error, result] = await answered((callback) => pool.query('select 1 as one', callback));
    expect(error).toBeUndefined();
    expect(result).toMatchObject({ rows: [{ one: 1 }] });
  });

  test('answers a callback behind the values, and returns nothing', async () => {
    const pool = connect();
    let returned: unknown = 'nothing';
    const [error, result] = await answered((callback) => {
      returned = pool.query('select $1::int as n', [7], callback);
    });
    expect(error).toBeUndefined();
    expect(result).toMatchObject({ rows: [{ n: 7 }] });
    expect(returned).toBeUndefined();
  });

  test('answers a callback behind a config', async () => {
    const pool = connect();
    const config = { text: 'select $1::int as n', values: [8] };
    const [, result] = await answered((callback) => pool.query(config, callback as never));
    expect(result).toMatchObject({ rows: [{ n: 8 }] });
  });

  test('tells a callback of its failure', async () => {
    const pool = connect();
    const [error, result] = await answered((callback) => pool.query('select nonsense', callback));
    expect(error).toBeInstanceOf(pg.DatabaseError);
    expect(error).toMatchObject({ code: '42703', severity: 'ERROR' });
    expect(result).toBeUndefined();
  });

  test('rejects with the error of the server, and a stack that leads to the caller', async () => {
    const failing = async function theCaller() {
      await connect().query('select nonsense');
    };
    const error = await failing().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(pg.DatabaseError);
    expect((error as Error).stack).toContain('theCaller');
  });

  test.each([
    ['values that are no array', ['select $1', 'text'], 'Query values must be an array'],
    ['nothing at all', [null], 'null or undefined'],
    ['no text', [{}], 'must have either text or a name'],
  ])('refuses %s, and keeps serving', async (_what, args, message) => {
    const pool = connect();
    const asked = pool.query(...(args as [string]));
    await expect(asked).rejects.toThrow(message);
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect(pool.idleCount).toBe(pool.totalCount);
  });

  test('refuses a value that throws when it is written', async () => {
    const pool = connect();
    const value = {
      toPostgres() {
        throw new Error('no such value');
      },
    };
    await expect(pool.query('select $1', [value])).rejects.toThrow('no such value');
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });

  test('is not a function', async () => {
    const pool = connect();
    const [error] = await answered((callback) => pool.query(callback as never));
    expect(error).toMatchObject({
      message: 'Passing a function as the first parameter to pool.query is not supported',
    });
    expect(pool.totalCount).toBe(0);
  });

  // pg's pool never gets such a client back: there is nothing to compare.
  const testOfOurs = Pool === OpenlinePool ? test : () => undefined;
  testOfOurs('is a Submittable with a callback of its own', async () => {
    const pool = connect();
    const own = vi.fn();
    const query = new pg.Query({ text: 'select 1 as one' } as never, own as never);
    const result = await pool.query(query as unknown as string);
    expect(result.rows).toEqual([{ one: 1 }]);
    expect(own).toHaveBeenCalledExactlyOnceWith(null, result);
    expect(pool.idleCount).toBe(1);
  });

  test('stands in line when there are 5,000 at once', async () => {
    const pool = connect();
    const asked = Array.from({ length: 5_000 }, (_, n) => pool.query('select $1::int as n', [n]));
    const answers = await Promise.all(asked);
    expect(answers.map(({ rows }) => rows[0].n)).toEqual(Array.from({ length: 5_000 }, (_, n) => n));
    expect(pool.totalCount).toBeLessThanOrEqual(2);
    expect(pool.waitingCount).toBe(0);
  });
});
