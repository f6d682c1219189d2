// pg-query-stream: rows as a stream, through a client of the pool.
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import QueryStream from 'pg-query-stream';
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
const series = (last: number): QueryStream =>
  new QueryStream('select n from generate_series(1, $1::int) n', [last], { batchSize: 10 });

describeOverBothPools(givenPostgres(), 'pg-query-stream', open, (line) => {
  test('is read to the end', async () => {
    const { pool } = line();
    const client = await pool.connect();
    const seen: number[] = [];
    const sink = new Writable({
      objectMode: true,
      write({ n }: { n: number }, _encoding, done) {
        seen.push(n);
        done();
      },
    });
    await pipeline(client.query(series(1_000)), sink);
    client.release();
    expect(seen).toEqual(Array.from({ length: 1_000 }, (_, at) => at + 1));
    await expectAllReturned(pool);
  });

  test('is left by its reader, and the client serves the next', async () => {
    const { pool } = line();
    const client = await pool.connect();
    const seen: number[] = [];
    for await (const { n } of client.query(series(10_000))) {
      seen.push(n);
      if (n === 3) break;
    }
    client.release();
    expect(seen).toEqual([1, 2, 3]);
    await expectAllReturned(pool);
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });

  test('runs beside queries of the pool, more of both than there are connections', async () => {
    const { pool } = line();
    const streamed = Array.from({ length: 25 }, async () => {
      const client = await pool.connect();
      try {
        let rows = 0;
        for await (const _row of client.query(series(200))) rows += 1;
        return rows;
      } finally {
        client.release();
      }
    });
    const asked = Array.from({ length: 25 }, async (_, n) => {
      const { rows } = await pool.query('select $1::int as n', [n]);
      return rows[0].n;
    });
    expect(await Promise.all(streamed)).toEqual(new Array(25).fill(200));
    expect(await Promise.all(asked)).toEqual(Array.from({ length: 25 }, (_, n) => n));
    await expectAllReturned(pool);
  });

  test("passes on the server's error with its code", async () => {
    const { pool } = line();
    const client = await pool.connect();
    const failing = client.query(new QueryStream('select 1 / (n - 15) from generate_series(1, 20) n'));
    await expect(failing.toArray()).rejects.toMatchObject({ code: '22012' });
    client.release();
    await expectAllReturned(pool);
  });
});
