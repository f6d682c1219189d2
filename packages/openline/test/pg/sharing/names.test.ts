// Prepared names on shared lines: an error of one caller's statement is no error of the others'.
import { describe, expect, test } from 'vitest';
import { givenPostgres } from '../../support/postgres.ts';
import { makeKnown, outcomes, poolOf } from './kit.ts';

const database = givenPostgres();
const numbered = 'select $1::int as n';
const names = 'select name from pg_prepared_statements';

/** A value whose way to the server fails. */
const poison = {
  toPostgres() {
    throw new Error('not to be written');
  },
};

describe('a repeated text with parameters', () => {
  test('is prepared under a name of its own', async () => {
    const pool = poolOf(database, { max: 1 });
    await makeKnown(pool, [numbered, [1]]);
    const { rows } = await pool.query(names);
    expect(rows).toEqual([{ name: expect.stringMatching(/^openline_[0-9a-f]{12}_\d+$/) }]);
  });

  test('keeps a hundred names on a connection, those used last', async () => {
    const pool = poolOf(database, { max: 1 });
    for (let text = 0; text < 130; text++) await makeKnown(pool, [`select $1::int as n${text}`, [1]]);
    expect((await pool.query(names)).rows).toHaveLength(100);
    const again = await pool.query('select $1::int as n0', [7]);
    expect(again.rows).toEqual([{ n0: 7 }]);
  });

  test('is run again when its names are gone', async () => {
    const pool = poolOf(database, { max: 1 });
    await makeKnown(pool, [numbered, [1]]);
    await pool.query('discard all');
    const answers = await Promise.all([1, 2, 3].map((n) => pool.query(numbered, [n])));
    expect(answers.map(({ rows }) => rows[0].n)).toEqual([1, 2, 3]);
  });

  test('is run again, with the new columns, when its table was altered', async () => {
    const pool = poolOf(database, { max: 3 });
    await pool.query('create table widened (id int)');
    await pool.query('insert into widened values (1)');
    const read = 'select * from widened where id = $1';
    await makeKnown(pool, [read, [1]]);
    let altered = false;
    const load = Array.from({ length: 20 }, async () => {
      const seen: number[] = [];
      while (!altered || seen.at(-1) !== 2) seen.push((await pool.query(read, [1])).fields.length);
      return seen;
    });
    await pool.query('alter table widened add column more int');
    altered = true;
    for (const seen of await Promise.all(load)) expect(seen).toEqual([...seen].sort());
  });
});

describe('in one turn with healthy ones', () => {
  test('a statement that cannot be parsed fails alone, with its own error', async () => {
    const pool = poolOf(database, { max: 1 });
    await makeKnown(pool, [numbered, [1]]);
    await pool.query('create table vanishing (id int)');
    const read = 'select id from vanishing where id = $1';
    await makeKnown(pool, [read, [1]]);
    await pool.query('drop table vanishing');
    const asked = Array.from({ length: 9 }, (_, n) =>
      n % 3 === 0 ? pool.query(read, [n]) : pool.query(numbered, [n]),
    );
    const told = await outcomes(asked);
    for (const [n, each] of told.entries()) {
      if (n % 3 === 0) expect(each).toMatchObject({ code: '42P01' });
      else expect(each).toMatchObject({ rows: [{ n }] });
    }
  });

  test('a value that cannot be written fails its own caller, once, and poisons no name', async () => {
    const pool = poolOf(database, { max: 1 });
    await makeKnown(pool, [numbered, [1]]);
    const told = await outcomes([
      pool.query(numbered, [1]),
      pool.query(numbered, [poison]),
      pool.query(numbered, [3]),
    ]);
    expect(told[0]).toMatchObject({ rows: [{ n: 1 }] });
    expect(told[1]).toMatchObject({ message: 'not to be written' });
    expect(told[2]).toMatchObject({ rows: [{ n: 3 }] });
    expect((await pool.query(numbered, [4])).rows).toEqual([{ n: 4 }]);
  });

  test('a value that the server refuses fails its own caller', async () => {
    const pool = poolOf(database, { max: 1 });
    await makeKnown(pool, [numbered, [1]]);
    const told = await outcomes(['1', 'two', '3'].map((n) => pool.query(numbered, [n])));
    expect(told[0]).toMatchObject({ rows: [{ n: 1 }] });
    expect(told[1]).toMatchObject({ code: '22P02' });
    expect(told[2]).toMatchObject({ rows: [{ n: 3 }] });
  });
});

describe("a user's own name", () => {
  test('given to another text is refused as by pg, and nobody else is hurt', async () => {
    const pool = poolOf(database, { max: 1 });
    const own = { name: 'own', text: 'select $1::int as n' };
    await pool.query({ ...own, values: [1] });
    const told = await outcomes([
      pool.query({ ...own, values: [1] }),
      pool.query({ name: 'own', text: 'select $1::text as t', values: ['x'] }),
      pool.query({ ...own, values: [3] }),
    ]);
    expect(told[1]).toMatchObject({
      message: "Prepared statements must be unique - 'own' was used for a different statement",
    });
    expect([told[0], told[2]]).toMatchObject([{ rows: [{ n: 1 }] }, { rows: [{ n: 3 }] }]);
  });
});
