// Rows as they come, some at a time: the connection is given back however the loop ends.
import { Pool } from 'openline/pg';
import { describe, expect, test } from 'vitest';
import { ended } from '../support/pools.ts';
import { givenPostgres } from '../support/postgres.ts';

const database = givenPostgres();
const numbers = 'select n::int from generate_series(1, $1::int) as n';

const connect = (): Pool => ended(new Pool(database.config({ max: 1 })));

async function collected(rows: AsyncIterable<{ n: number }>): Promise<number[]> {
  const all: number[] = [];
  for await (const { n } of rows) all.push(n);
  return all;
}

describe('a stream', () => {
  test.each([0, 1, 99, 100, 101, 250])('of %i rows yields each, in order', async (count) => {
    const pool = connect();
    const rows = await collected(pool.stream(numbers, [count]));
    expect(rows).toEqual(Array.from({ length: count }, (_, index) => index + 1));
    expect(pool.idleCount).toBe(1);
  });

  test('fetches no more than a batch ahead', async () => {
    const pool = connect();
    const stream = pool.stream('select 1 / (5 - n) as n from generate_series(1, 9) as n', [], {
      batchSize: 2,
    });
    const seen: number[] = [];
    await expect(
      (async () => {
        for await (const { n } of stream) seen.push(n);
      })(),
    ).rejects.toMatchObject({ code: '22012' });
    expect(seen).toHaveLength(4);
    expect(pool.idleCount).toBe(1);
  });

  test('that is left early gives its connection back, outside a transaction', async () => {
    const pool = connect();
    for await (const { n } of pool.stream(numbers, [1_000_000], { batchSize: 10 })) if (n === 15) break;
    const { rows } = await pool.query("select count(*)::int as n from pg_cursors where name <> ''");
    expect(rows).toEqual([{ n: 0 }]);
    await pool.query('create table after_stream ()');
  });

  test('whose loop throws gives its connection back', async () => {
    const pool = connect();
    const failing = async (): Promise<void> => {
      for await (const { n } of pool.stream(numbers, [10])) if (n === 3) throw new Error('of the loop');
    };
    await expect(failing()).rejects.toThrow('of the loop');
    expect(pool.idleCount).toBe(1);
  });

  test('that is aborted ends with the reason, in the loop or in the midst of a fetch', async () => {
    const pool = connect();
    const controller = new AbortController();
    const aborted = async (): Promise<void> => {
      for await (const { n } of pool.stream(numbers, [1_000], { signal: controller.signal }))
        if (n === 3) controller.abort(new Error('enough'));
    };
    await expect(aborted()).rejects.toThrow('enough');
    const slow = pool.stream('select pg_sleep(60)', [], { signal: AbortSignal.timeout(100) });
    await expect(collected(slow as AsyncIterable<{ n: number }>)).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });

  test('reads only', async () => {
    const pool = connect();
    await pool.query('create table unread (n int)');
    const stream = pool.stream('insert into unread values (1) returning n');
    await expect(collected(stream)).rejects.toMatchObject({ code: '42601' });
    expect(pool.idleCount).toBe(1);
  });

  test('of a wrong batch size is refused at once', () => {
    expect(() => connect().stream('select 1', [], { batchSize: 0 })).toThrow(
      /batchSize is 0: give a whole number/,
    );
  });

  test('acquires nothing before its first row is asked for', () => {
    const pool = connect();
    pool.stream('select 1');
    expect(pool.totalCount).toBe(0);
  });
});
