// pg-cursor: rows read in parts, through a client of the pool or through the pool itself.
import Cursor from 'pg-cursor';
import { expect, test } from 'vitest';
import {
  describeOverBothPools,
  expectAllReturned,
  type Line,
  type LineConfig,
} from '../../support/libraries.ts';
import type { PoolClass } from '../../support/pools.ts';
import { givenPostgres } from '../../support/postgres.ts';

const open = (Pool: PoolClass, config: LineConfig): Line => ({ pool: new Pool(config) });
const series = (last: number): Cursor<{ n: number }> =>
  new Cursor('select n from generate_series(1, $1::int) n', [last]);

describeOverBothPools(givenPostgres(), 'pg-cursor', open, (line) => {
  test('reads a part of the rows, is closed, and leaves the client to others', async () => {
    const { pool } = line();
    const client = await pool.connect();
    const cursor = client.query(series(1_000));
    expect(await cursor.read(3)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect(await cursor.read(2)).toEqual([{ n: 4 }, { n: 5 }]);
    await cursor.close();
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    client.release();
    await expectAllReturned(pool);
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });

  test('reads all rows to the end', async () => {
    const { pool } = line();
    const client = await pool.connect();
    const cursor = client.query(series(250));
    let total = 0;
    for (let rows = await cursor.read(100); rows.length > 0; rows = await cursor.read(100))
      total += rows.length;
    expect(total).toBe(250);
    await cursor.close();
    client.release();
    await expectAllReturned(pool);
  });

  test('reads from several cursors at once, each on its client', async () => {
    const { pool } = line();
    const parts = await Promise.all(
      Array.from({ length: 25 }, async (_, at) => {
        const client = await pool.connect();
        try {
          const cursor = client.query(series(100 + at));
          await cursor.read(50);
          const rows = await cursor.read(1_000);
          await cursor.close();
          return rows.length;
        } finally {
          client.release();
        }
      }),
    );
    expect(parts).toEqual(Array.from({ length: 25 }, (_, at) => 50 + at));
    await expectAllReturned(pool);
  });

  test("tells the server's error with its code, and the client goes on", async () => {
    const { pool } = line();
    const client = await pool.connect();
    await expect(
      client.query(new Cursor('select 1 / n from generate_series(0, 1) n')).read(1),
    ).rejects.toMatchObject({ code: '22012' });
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    client.release();
    await expectAllReturned(pool);
  });
});
