// pg-copy-streams: COPY in and out through a client of the pool.
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { Pool } from 'openline/pg';
import { from, to } from 'pg-copy-streams';
import { beforeEach, expect, test } from 'vitest';
import {
  describeOverBothPools,
  expectAllReturned,
  type Line,
  type LineConfig,
} from '../../support/libraries.ts';
import { ended, type PoolClass } from '../../support/pools.ts';
import { givenPostgres } from '../../support/postgres.ts';

const database = givenPostgres();
const open = (Pool: PoolClass, config: LineConfig): Line => ({ pool: new Pool(config) });
const lines = (first: number, last: number): string =>
  Array.from({ length: last - first + 1 }, (_, at) => `${first + at}\n`).join('');

describeOverBothPools(database, 'pg-copy-streams', open, (line) => {
  beforeEach(() => line().pool.query('create table copied (n int primary key)'));

  const count = async (): Promise<number> =>
    (await line().pool.query('select count(*)::int as n from copied')).rows[0].n;
  const copyIn = async (data: Readable): Promise<void> => {
    const client = await line().pool.connect();
    try {
      await pipeline(data, client.query(from('copy copied from stdin')));
    } finally {
      client.release();
    }
  };

  test('copies in, and out again', async () => {
    const { pool } = line();
    await copyIn(Readable.from([lines(1, 5_000), lines(5_001, 10_000)]));
    const client = await pool.connect();
    const out = await text(client.query(to('copy (select n from copied order by n) to stdout')));
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    client.release();
    expect(out).toBe(lines(1, 10_000));
    await expectAllReturned(pool);
  });

  test('copies in on more clients than there are connections', async () => {
    await Promise.all(
      Array.from({ length: 25 }, (_, at) => copyIn(Readable.from([lines(at * 100, at * 100 + 99)]))),
    );
    expect(await count()).toBe(2_500);
    await expectAllReturned(line().pool);
  });

  test("keeps nothing of a copy that fails, and tells the server's code", async () => {
    await expect(copyIn(Readable.from([lines(1, 10), lines(10, 20)]))).rejects.toMatchObject({
      code: '23505',
    });
    await expectAllReturned(line().pool);
    expect(await count()).toBe(0);
  });

  test('keeps nothing of a copy whose source breaks off', async () => {
    const thrown = new Error('the source broke off');
    async function* broken(): AsyncGenerator<string> {
      yield lines(1, 10);
      throw thrown;
    }
    await expect(copyIn(Readable.from(broken()))).rejects.toBe(thrown);
    await expectAllReturned(line().pool);
    expect(await count()).toBe(0);
  });

  test('costs the client that a copy out was read from in part, where its user says so', async () => {
    const { pool } = line();
    const client = await pool.connect();
    const out = client.query(to('copy (select n from generate_series(1, 1000000) n) to stdout'));
    for await (const _chunk of out) break;
    client.release(true);
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await expectAllReturned(pool);
  });
});

test('a client that comes back in the middle of a copy out is closed, and another one serves the next', async () => {
  // pg's pool lends it as it is, and the next statement on it waits for ever.
  const pool = ended(new Pool(database.config({ connectTimeoutMs: 500 })));
  const client = await pool.connect();
  const out = client.query(to('copy (select n from generate_series(1, 1000000) n) to stdout'));
  for await (const _chunk of out) break;
  client.release();
  expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  await expectAllReturned(pool);
});
