// The limits of one statement: its caller hears at once, the server is told, and the next user gets a quiet connection.

import { withDeadline } from 'openline';
import { type PgPoolOptions, Pool } from 'openline/pg';
import { FaultProxy } from 'openline/testing';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { ended } from '../support/pools.ts';
import { givenPostgres, until } from '../support/postgres.ts';

const database = givenPostgres();

const connect = (options: PgPoolOptions = {}): Pool => ended(new Pool(database.config(options)));

async function proxied(): Promise<FaultProxy> {
  const { host, port } = database.server;
  const proxy = await FaultProxy.start({ target: { host, port } });
  onTestFinished(() => proxy.close());
  return proxy;
}

const pidOf = async (pool: Pool): Promise<unknown> =>
  (await pool.query('select pg_backend_pid() as pid')).rows[0].pid;

/** How many statements of this text the server works on. */
const running = async (text: string): Promise<number> =>
  Number(
    (
      await database.ask(
        `select count(*)::int as n from pg_stat_activity where state = 'active' and query = $1`,
        [text],
      )
    )[0]?.['n'],
  );

beforeAll(() => database.ask('create table numbers (n int)'));

const sleep = 'select pg_sleep(60)';

describe('a signal', () => {
  test("ends a query with the signal's reason, and the statement on the server; the session goes on", async () => {
    const pool = connect({ max: 1 });
    const pid = await pidOf(pool);
    const controller = new AbortController();
    const asked = pool.query({ text: sleep, signal: controller.signal });
    await until(async () => (await running(sleep)) === 1, 'it runs');
    const reason = new Error('nobody waits');
    controller.abort(reason);
    await expect(asked).rejects.toBe(reason);
    await until(async () => (await running(sleep)) === 0, 'it is cancelled');
    expect(await pidOf(pool)).toBe(pid);
  });

  test('ends the wait for a connection', async () => {
    const pool = connect({ max: 1 });
    const client = await pool.connect();
    const controller = new AbortController();
    const asked = pool.query({ text: 'select 1', signal: controller.signal });
    controller.abort(new Error('nobody waits'));
    await expect(asked).rejects.toThrow('nobody waits');
    client.release();
    expect(pool.waitingCount).toBe(0);
  });

  test('aborted before, sends nothing', async () => {
    const pool = connect({ max: 1 });
    await expect(
      pool.query({ text: 'select 1', signal: AbortSignal.abort(new Error('before')) }),
    ).rejects.toThrow('before');
    expect(pool.totalCount).toBe(0);
  });

  test('hits no neighbour: a read with others behind it runs out, and they are answered', async () => {
    const pool = connect({ max: 1 });
    const counting = 'select count(*)::int as n from generate_series(1, $1::int)';
    for (let run = 0; run < 3; run++) await pool.query(counting, [1]);
    const controller = new AbortController();
    const first = pool.query({ text: counting, values: [3_000_000], signal: controller.signal });
    const others = [1, 2, 3].map((n) => pool.query(counting, [n]));
    setTimeout(() => controller.abort(new Error('nobody waits')), 20);
    await expect(first).rejects.toThrow('nobody waits');
    const answers = await Promise.all(others);
    expect(answers.map(({ rows }) => rows[0].n)).toEqual([1, 2, 3]);
  });
});

describe('sixty statements aborted near their end', () => {
  test('leave every next one unharmed', async () => {
    const pool = connect({ max: 2 });
    for (let round = 0; round < 60; round++) {
      const controller = new AbortController();
      const asked = pool
        .query({ text: 'select pg_sleep(0.005)', signal: controller.signal })
        .catch((error: Error) => error);
      setTimeout(() => controller.abort(new Error('late')), 4 + (round % 5));
      const next = [1, 2, 3].map((n) => pool.query('select $1::int as n', [n]));
      const told = await asked;
      if (told instanceof Error) expect(told.message).toBe('late');
      const answers = await Promise.all([...next, pool.query('insert into numbers values (1) returning n')]);
      expect(answers.map(({ rows }) => rows[0].n)).toEqual([1, 2, 3, 1]);
    }
  });
});

describe('statementTimeoutMs', () => {
  test('of the pool ends what runs longer, on the server too', async () => {
    const pool = connect({ max: 1, statementTimeoutMs: 100 });
    const pid = await pidOf(pool);
    await expect(pool.query(sleep)).rejects.toMatchObject({
      code: 'OPENLINE_REQUEST_TIMEOUT',
      option: 'statementTimeoutMs',
      limitMs: 100,
      outcome: 'unknown',
    });
    await until(async () => (await running(sleep)) === 0, 'it is cancelled');
    expect(await pidOf(pool)).toBe(pid);
  });

  test('of one query comes before that of the pool', async () => {
    const pool = connect({ max: 1, statementTimeoutMs: 50 });
    await pool.query({ text: 'select pg_sleep(0.2)', statementTimeoutMs: 5_000 });
  });

  test.each([0, -1, Number.NaN, '5'])('of %s is refused, with what would be right', async (wrong) => {
    const statementTimeoutMs = wrong as number;
    expect(() => new Pool({ statementTimeoutMs })).toThrow(/statementTimeoutMs is .*above 0/);
    await expect(connect().query({ text: 'select 1', statementTimeoutMs })).rejects.toThrow(/above 0/);
  });
});

describe('withDeadline', () => {
  test('cuts off the statement that outlasts the request', async () => {
    const pool = connect({ max: 1 });
    await pidOf(pool);
    await expect(withDeadline(150, () => pool.query(sleep))).rejects.toMatchObject({
      option: 'withDeadline',
    });
    await until(async () => (await running(sleep)) === 0, 'it is cancelled');
  });
});

describe('a server that does not heed a cancel', () => {
  test('loses the connection when it is not quiet within connectTimeoutMs', async () => {
    const proxy = await proxied();
    const pool = connect({ max: 1, host: proxy.host, port: proxy.port, connectTimeoutMs: 200 });
    const pid = await pidOf(pool);
    const asked = pool.query({ text: sleep, statementTimeoutMs: 50 });
    proxy.deaf();
    await expect(asked).rejects.toMatchObject({ option: 'statementTimeoutMs' });
    await until(() => pool.totalCount === 0, 'the connection is closed');
    await proxy.restore();
    expect(await pidOf(pool)).not.toBe(pid);
    await database.ask('select pg_terminate_backend($1)', [pid]);
  });
});

describe('readTimeoutMs', () => {
  test('lets a statement go on that the server still works on', async () => {
    const pool = connect({ max: 1, readTimeoutMs: 100, connectTimeoutMs: 2_000 });
    const { rows } = await pool.query("select 'slow' as word, pg_sleep(0.6)");
    expect(rows[0].word).toBe('slow');
  });

  test('of one query strikes without a question', async () => {
    const pool = connect({ max: 1 });
    await expect(pool.query({ text: sleep, readTimeoutMs: 100 })).rejects.toMatchObject({
      option: 'readTimeoutMs',
      limitMs: 100,
    });
    await until(async () => (await running(sleep)) === 0, 'it is cancelled');
  });

  test('ends the wait for connections that died without a word, all of them at once; new ones take their place', async () => {
    const proxy = await proxied();
    const limits = { readTimeoutMs: 300, connectTimeoutMs: 1_000 };
    const pool = connect({ max: 4, host: proxy.host, port: proxy.port, ...limits });
    await pool.query('select 1');
    await pool.warm(4);
    proxy.silent('existing');
    const startedAt = performance.now();
    const asked = Array.from({ length: 8 }, (_, n) =>
      pool.query('insert into numbers values ($1) returning n', [n]).then(
        ({ rows }) => rows[0].n,
        (error) => error,
      ),
    );
    const told = await Promise.all(asked);
    // Four stood on dead connections; the others are served by new ones.
    expect(told.filter((each) => each instanceof Error)).toHaveLength(4);
    for (const each of told.filter((one) => one instanceof Error)) {
      expect(each).toMatchObject({ option: 'readTimeoutMs', outcome: 'unknown' });
    }
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    expect((await pool.query('select 7 as n')).rows).toEqual([{ n: 7 }]);
  });

  test('of half a minute does not make short reads wait for dead connections: the server tells that they are, and they are sent again', async () => {
    const proxy = await proxied();
    const pool = connect({ max: 4, host: proxy.host, port: proxy.port });
    const numbered = 'select $1::int as n';
    for (let run = 0; run < 3; run++) await pool.query(numbered, [run]);
    await pool.warm(4);
    proxy.silent('existing');
    const startedAt = performance.now();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => pool.query(numbered, [n])));
    expect(answers.map(({ rows }) => rows[0].n)).toEqual(Array.from({ length: 20 }, (_, n) => n));
    expect(performance.now() - startedAt).toBeLessThan(4_500);
  });

  test('ends the wait when the server does not answer at all', async () => {
    const proxy = await proxied();
    const limits = { readTimeoutMs: 200, connectTimeoutMs: 300 };
    const pool = connect({ max: 1, host: proxy.host, port: proxy.port, ...limits });
    const client = await pool.connect();
    proxy.silent();
    const startedAt = performance.now();
    await expect(client.query('select 1')).rejects.toMatchObject({ option: 'readTimeoutMs' });
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    client.release();
  });
});
