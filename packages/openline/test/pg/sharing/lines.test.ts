// Which statements share a line, and which have a connection of their own.
import { describe, expect, test } from 'vitest';
import { givenPostgres } from '../../support/postgres.ts';
import { makeKnown, poolOf } from './kit.ts';

const database = givenPostgres();
const numbered = 'select $1::int as n, pg_backend_pid() as pid';

describe('short reads of one turn', () => {
  test('share a connection, once they are known to be short', async () => {
    const pool = poolOf(database);
    await makeKnown(pool, [numbered, [0]]);
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => pool.query(numbered, [n])));
    expect(answers.map(({ rows }) => rows[0].n)).toEqual(Array.from({ length: 20 }, (_, n) => n));
    expect(new Set(answers.map(({ rows }) => rows[0].pid)).size).toBe(1);
    expect(pool.totalCount).toBe(1);
  });

  test('have a connection each with `pipeline: false`', async () => {
    const pool = poolOf(database, { pipeline: false, max: 4 });
    await makeKnown(pool, [numbered, [0]]);
    await pool.warm(4);
    const answers = await Promise.all(Array.from({ length: 4 }, (_, n) => pool.query(numbered, [n])));
    expect(new Set(answers.map(({ rows }) => rows[0].pid)).size).toBe(4);
  });
});

describe('a statement that may wait for another session', () => {
  test('stands before nobody: no new hang where a transaction asks its own pool', async () => {
    const pool = poolOf(database, { max: 3 });
    await pool.query('create table accounts (id int primary key, balance int)');
    await pool.query('insert into accounts values (1, 10)');
    const update = 'update accounts set balance = balance + $1 where id = 1';
    const read = 'select balance from accounts where id = $1';
    await makeKnown(pool, [update, [0]], [read, [1]]);
    const balance = await pool.transaction(async (client) => {
      await client.query(update, [1]);
      const waiting = pool.query(update, [1]);
      const { rows } = await pool.query(read, [1]);
      // Nobody waits for it here: it waits for the end of this transaction.
      waiting.catch(() => undefined);
      return rows[0].balance;
    });
    expect(balance).toBe(10);
    await expect.poll(async () => (await pool.query(read, [1])).rows[0].balance).toBe(12);
  });
});
