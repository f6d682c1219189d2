// What the rows of a prepared statement look like is asked once: the results must not show it.
import type { Pool } from 'openline/pg';
import pg, { type QueryArrayConfig, type QueryConfig } from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import type { DriverClient } from '../../../src/pg/driver.ts';
import { ended } from '../../support/pools.ts';
import { givenPostgres } from '../../support/postgres.ts';
import { makeKnown, poolOf } from './kit.ts';

const database = givenPostgres();
const numbered = 'select $1::int as n, now() as "time"';

beforeAll(() => database.ask('create table described (id int primary key, note text)'));

/** A pool with one connection, and how often its server has said what rows look like, or that there are none. */
function watchedPool(options: Parameters<typeof poolOf>[1] = {}): {
  readonly pool: Pool;
  readonly told: () => number;
} {
  const pool = poolOf(database, { max: 1, ...options });
  let told = 0;
  pool.on('connect', (client) => {
    const { connection } = client as unknown as DriverClient;
    for (const message of ['rowDescription', 'noData']) connection!.on(message, () => told++);
  });
  return { pool, told: () => told };
}

/** Runs a text so often that most runs find it described; timed ones are described all the same. */
async function toldOf({ pool, told }: ReturnType<typeof watchedPool>, text: string): Promise<number> {
  await makeKnown(pool, [text, [0]]);
  const before = told();
  for (let n = 0; n < 160; n++) await pool.query(text, [n]);
  return told() - before;
}

describe('a prepared statement', () => {
  test('is described when it is timed, else no more', async () => {
    const described = await toldOf(watchedPool(), numbered);
    expect(described).toBeGreaterThanOrEqual(10);
    expect(described).toBeLessThanOrEqual(20);
  });

  test.each([
    ['without rows', 'update described set note = null where id = $1'],
    ['with rows', 'update described set note = null where id = $1 returning id'],
  ])('that writes is not described again, %s', async (_, text) => {
    expect(await toldOf(watchedPool(), text)).toBeLessThanOrEqual(20);
  });

  test('is described each time where a pooler may stand between, which another session may answer for', async () => {
    expect(await toldOf(watchedPool({ preparedNames: true }), numbered)).toBe(160);
  });

  test.each([
    ['the session has forgotten it', async (pool: Pool) => void (await pool.query('deallocate all'))],
    [
      'the session was put in order',
      async (pool: Pool) => {
        const client = await pool.connect();
        await client.query("set application_name = 'another'");
        client.release();
      },
    ],
  ])('is described anew when %s, and its table was changed meanwhile', async (_, forget) => {
    const { pool } = watchedPool({ reset: 'session' });
    await pool.query('drop table if exists swapped');
    await pool.query('create table swapped (a int, b text)');
    await pool.query("insert into swapped values (1, 'one')");
    const read = 'select * from swapped where $1::int is not null';
    await makeKnown(pool, [read, [1]], [read, [1]]);
    await forget(pool);
    await pool.query('alter table swapped drop column a');
    for (let n = 0; n < 20; n++) {
      const { rows, fields } = await pool.query(read, [n]);
      expect([rows, fields.map(({ name }) => name)]).toEqual([[{ b: 'one' }], ['b']]);
    }
  });
});

describe('a result that was not described by the server', () => {
  const odd =
    'select 1 as "__proto__", 2 as "1", 3 as b, 4 as b, null as "a b", $1::int as "0", \'{}\'::json as j';
  const cases: readonly (readonly [string, QueryConfig | QueryArrayConfig])[] = [
    ['of several rows', { text: 'select n, n::text as t from generate_series(1, $1::int) n', values: [3] }],
    ['of none', { text: 'select n from generate_series(1, $1::int) n', values: [0] }],
    ['of odd columns', { text: odd, values: [1] }],
    ['of arrays', { text: odd, values: [1], rowMode: 'array' }],
    ['of a write', { text: 'insert into described values ($1) on conflict do nothing', values: [1] }],
    [
      'of a write that returns',
      { text: 'update described set note = $1 returning *, tableoid::regclass::text', values: ['x'] },
    ],
  ];

  test.each(cases)('%s is as pg has it', async (_, config) => {
    const { pool } = watchedPool();
    const driver = ended(new pg.Pool(database.config()));
    await driver.query(config);
    const theirs = await driver.query(config);
    for (let run = 0; run < 12; run++) {
      const ours = await pool.query(config);
      expect(ours.fields).toStrictEqual(theirs.fields);
      expect(ours.rows).toStrictEqual(theirs.rows);
      expect(ours.rows.map((row) => Object.entries(row))).toEqual(
        theirs.rows.map((row) => Object.entries(row)),
      );
      expect([ours.command, ours.rowCount]).toEqual([theirs.command, theirs.rowCount]);
    }
  });

  test('is its user’s to change', async () => {
    const { pool } = watchedPool();
    for (let run = 0; run < 20; run++) {
      const { rows, fields } = await pool.query(numbered, [run]);
      expect(fields.map(({ name }) => name)).toEqual(['n', 'time']);
      expect(rows).toEqual([{ n: run, time: expect.any(Date) }]);
      for (const field of fields) field.name = 'renamed';
      fields.length = 1;
      rows[0].n = 'changed';
    }
  });

  test('is parsed as types are parsed by then', async () => {
    const { pool } = watchedPool();
    await makeKnown(pool, [numbered, [1]], [numbered, [1]]);
    const client = await pool.connect();
    client.setTypeParser(pg.types.builtins.INT4, (text) => `int ${text}`);
    client.release();
    for (let n = 0; n < 20; n++) expect((await pool.query(numbered, [n])).rows[0].n).toBe(`int ${n}`);
    const types = { getTypeParser: () => (text: string) => `own ${text}` };
    const own = await pool.query({ text: numbered, values: [7], types: types as never });
    expect(own.rows[0].n).toBe('own 7');
  });

  test('fails alone where its type parser cannot be found', async () => {
    const { pool } = watchedPool();
    let opens = 0;
    pool.on('connect', () => opens++);
    await makeKnown(pool, [numbered, [1]], [numbered, [1]]);
    const types = {
      getTypeParser: () => {
        throw new Error('no parser');
      },
    };
    for (let n = 0; n < 20; n++) {
      const failing = pool.query({ text: numbered, values: [n], types: types as never });
      await expect(failing).rejects.toThrow('no parser');
      expect((await pool.query(numbered, [n])).rows[0].n).toBe(n);
    }
    expect(opens).toBe(1);
  });
});
