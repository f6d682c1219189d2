// A short read that does not end, for once: whoever stands behind it is answered elsewhere.
import { describe, expect, test } from 'vitest';
import { givenPostgres } from '../../support/postgres.ts';
import { makeKnown, poolOf } from './kit.ts';

const database = givenPostgres();
const numbered = 'select $1::int as n';

describe('reads behind one that waits for the lock of a DDL', () => {
  test('are sent again elsewhere, and answered while it still waits', async () => {
    const pool = poolOf(database, { max: 3 });
    await pool.query('create table altered (id int)');
    const read = 'select count(*)::int as n from altered';
    await makeKnown(pool, [read], [numbered, [0]]);
    const client = await pool.connect();
    await client.query('begin');
    await client.query('alter table altered add column more int');
    let stalled = true;
    const first = pool.query(read).then(({ rows }) => {
      stalled = false;
      return rows[0].n;
    });
    const others = [1, 2, 3, 4].map((n) => pool.query(numbered, [n]));
    const answers = await Promise.all(others);
    expect(answers.map(({ rows }) => rows[0].n)).toEqual([1, 2, 3, 4]);
    expect(stalled).toBe(true);
    await client.query('commit');
    client.release();
    expect(await first).toBe(0);
    await expect.poll(() => pool.idleCount).toBe(pool.totalCount);
  });
});
