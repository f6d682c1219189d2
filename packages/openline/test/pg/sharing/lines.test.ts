// Which statements share a line, and which have a connection of their own.
import type { Pool } from 'openline/pg';
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

describe('statements that are known to be long', () => {
  const long = 'select pg_sleep(0.3)';
  /** Whether two short ones go the same way: a busy machine may take a few more of them for long. */
  const share = async (pool: Pool): Promise<boolean> => {
    const answers = await Promise.all([1, 2].map((n) => pool.query(numbered, [n])));
    return answers[0]!.rows[0].pid === answers[1]!.rows[0].pid;
  };
  const asLong = (pool: Pool, n: number): Promise<unknown>[] =>
    Array.from({ length: n }, () => pool.query(long));

  test('begin apart where short ones share lines: those leave a connection to the short ones', async () => {
    const pool = poolOf(database, { max: 4 });
    await pool.warm(4);
    await expect.poll(() => share(pool)).toBe(true);
    await Promise.all(asLong(pool, 8));
    const asked = [pool.query(numbered, [1]), ...asLong(pool, 2)];
    expect([pool.waitingCount, pool.idleCount]).toEqual([1, 2]);
    await Promise.all(asked);
  });

  test('begin at once where no short ones are asked', async () => {
    const pool = poolOf(database, { max: 4 });
    await pool.warm(4);
    await Promise.all(asLong(pool, 8));
    const asked = asLong(pool, 4);
    expect([pool.waitingCount, pool.idleCount]).toEqual([0, 0]);
    await Promise.all(asked);
  });
});

describe("writes with `pipeline: 'all'`", () => {
  test('end a batch: reads before one share its line, and nothing is sent behind it', async () => {
    const pool = poolOf(database, { pipeline: 'all', max: 2 });
    await pool.query('create table ended (pid int, n int)');
    const write = 'insert into ended values (pg_backend_pid(), $1) returning pid';
    await makeKnown(pool, [numbered, [0]], [write, [0]]);
    await pool.warm(2);
    const [first, written, second] = await Promise.all([
      pool.query(numbered, [1]),
      pool.query(write, [2]),
      pool.query(numbered, [3]),
    ]);
    expect(written.rows[0].pid).toBe(first.rows[0].pid);
    expect(second.rows[0].pid).not.toBe(first.rows[0].pid);
  });

  test('have a connection each by default', async () => {
    const pool = poolOf(database, { max: 2 });
    await pool.query('create table alone (pid int, n int)');
    const write = 'insert into alone values (pg_backend_pid(), $1) returning pid';
    await makeKnown(pool, [numbered, [0]], [write, [0]]);
    await pool.warm(2);
    const [first, written] = await Promise.all([pool.query(numbered, [1]), pool.query(write, [2])]);
    expect(written.rows[0].pid).not.toBe(first.rows[0].pid);
  });
});

describe.each(['reads', 'all'] as const)(
  'with `pipeline: %j`, a statement that may wait for another session',
  (pipeline) => {
    test('stands before nobody: no new hang where a transaction asks its own pool', async () => {
      const pool = poolOf(database, { max: 3, pipeline });
      await pool.query('create table if not exists accounts (id int primary key, balance int)');
      await pool.query('truncate accounts');
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
  },
);
