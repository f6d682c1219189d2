// What a failing statement, a dying connection and a refusing server cost, and what their errors tell.
import { AcquireTimeoutError, ConnectError } from 'openline';
import { type PgPoolOptions, Pool } from 'openline/pg';
import pg from 'pg';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { ended, eventsOf } from '../support/pools.ts';
import { givenPostgres, until } from '../support/postgres.ts';

const database = givenPostgres();
const connect = (options: PgPoolOptions = {}): Pool => ended(new Pool(database.config(options)));

/** The session behind a pool of one. */
async function session(pool: Pool): Promise<unknown> {
  return (await pool.query('select pg_backend_pid() as pid')).rows[0].pid;
}

beforeAll(async () => {
  await database.ask('create table numbers (n int primary key); insert into numbers values (1)');
  await database.ask("create role lonely login password 'lonely' connection limit 1");
});

describe('a statement that fails', () => {
  test('costs no connection: a hundred unique violations, one session', async () => {
    const pool = connect({ max: 1 });
    const pid = await session(pool);
    for (let n = 0; n < 100; n += 1) {
      const error = await pool.query('insert into numbers values (1)').catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(pg.DatabaseError);
      expect(error).toMatchObject({ code: '23505', severity: 'ERROR', table: 'numbers' });
    }
    expect(await session(pool)).toBe(pid);
    expect(pool.stats().totals).toMatchObject({ opened: 1 });
  });

  test('costs no connection in any other form', async () => {
    const pool = connect({ max: 1 });
    const pid = await session(pool);
    await new Promise((resolve) => pool.query('select nonsense', resolve));
    await expect(pool.use((client) => client.query('select nonsense'))).rejects.toThrow('nonsense');
    await expect(pool.transaction((client) => client.query('select nonsense'))).rejects.toThrow('nonsense');
    const client = await pool.connect();
    await expect(client.query('select nonsense')).rejects.toThrow('nonsense');
    client.release();
    expect(await session(pool)).toBe(pid);
  });

  test('costs its connection where the error ends the session', async () => {
    const pool = connect({ max: 1 });
    const pid = await session(pool);
    const end = 'select pg_terminate_backend(pg_backend_pid())';
    await expect(pool.query(end)).rejects.toMatchObject({ code: '57P01', severity: 'FATAL' });
    const next = await session(pool);
    expect(next).not.toBe(pid);
    await expect(pool.use((client) => client.query(end))).rejects.toMatchObject({ code: '57P01' });
    expect(await session(pool)).not.toBe(next);
    await until(() => pool.stats().totals.closed.broken === 2, 'both are closed as broken');
  });

  test('by the limit of the server keeps its connection', async () => {
    const pool = connect({ max: 1, statement_timeout: 40 });
    const pid = await session(pool);
    await expect(pool.query('select pg_sleep(5)')).rejects.toMatchObject({ code: '57014' });
    expect(await session(pool)).toBe(pid);
  });
});

describe('query_timeout', () => {
  test('leaves nothing under way for the next user, who has to wait for the same session', async () => {
    const pool = connect({ max: 1, query_timeout: 100 });
    const pid = await session(pool);
    await expect(pool.query('select pg_sleep(0.25)')).rejects.toThrow('Query read timeout');
    const answers = await Promise.all([session(pool), session(pool)]);
    expect(answers).toEqual([pid, pid]);
  });

  test('ends the statement on the server too: the session is free at once', async () => {
    const pool = connect({ max: 1, query_timeout: 100 });
    const pid = await session(pool);
    await expect(pool.query('select pg_sleep(60)')).rejects.toThrow('Query read timeout');
    const startedAt = performance.now();
    expect(await session(pool)).toBe(pid);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect(pool.stats()).toMatchObject({ leased: 0, resetting: 0 });
  });

  test('of a hundred at once fails those that are slow and no other', async () => {
    const pool = connect({ max: 4, query_timeout: 150 });
    const texts = Array.from({ length: 100 }, (_, n) => (n % 10 === 0 ? 'select pg_sleep(0.3)' : 'select 1'));
    const outcomes = await Promise.allSettled(texts.map((text) => pool.query(text)));
    const failed = outcomes.flatMap(({ status }, n) => (status === 'rejected' ? [n] : []));
    expect(failed).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
  });
});

describe('a connection that dies, with no listener anywhere,', () => {
  test('while it is idle does not end the process, and the next query is served', async () => {
    const name = 'dies-idle-unheard';
    const pool = connect({ max: 3, application_name: name });
    await pool.warm(3);
    expect(await database.terminate(name)).toBe(3);
    await until(() => pool.totalCount === 0, 'all three are gone');
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });

  test('while it is lent does not end the process, and costs its user an error', async () => {
    const name = 'dies-lent-unheard';
    const pool = connect({ max: 1, application_name: name });
    const emitted = eventsOf(pool).filter(([event]) => event === 'error');
    const client = await pool.connect();
    const gone = new Promise((resolve) => client.once('end', () => resolve(undefined)));
    expect(await database.terminate(name)).toBe(1);
    // First the server's farewell, then the end of the socket: the driver tells of two errors.
    await gone;
    const error = await client.query('select 1').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    client.release();
    await until(() => pool.totalCount === 0, 'the dead client is gone');
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect(emitted).toEqual([]);
  });

  test('in the middle of a statement costs that statement', async () => {
    const name = 'dies-busy-unheard';
    const pool = connect({ max: 2, application_name: name });
    const asked = [
      pool.query('select pg_sleep(20)'),
      pool.use((client) => client.query('select pg_sleep(20)')),
    ];
    const outcomes = Promise.allSettled(asked);
    await until(async () => (await database.sessions(name)) === 2, 'both are under way');
    await database.terminate(name);
    for (const outcome of await outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: '57P01' } });
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });
});

/** A session that uses up what the role `lonely` may have. */
async function onlySession(): Promise<pg.Client> {
  const config = database.config({ user: 'lonely', password: 'lonely' });
  const client = await vi.waitFor(
    async () => {
      const one = new pg.Client(config);
      await one.connect();
      return one;
    },
    { timeout: 5_000 },
  );
  onTestFinished(() => client.end());
  return client;
}

describe('a server that refuses', () => {
  test.each([
    ['a wrong password', '28P01', { password: 'wrong' }],
    ['a missing database', '3D000', { database: 'no_such_database' }],
    ['a role that does not exist', '28P01', { user: 'nobody_at_all' }],
  ])('%s: its own error, at once, with the phase', async (_what, code, options) => {
    const pool = connect(options);
    const startedAt = performance.now();
    for (const attempt of [() => pool.connect(), () => pool.query('select 1'), () => pool.acquire()]) {
      const error = await attempt().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(pg.DatabaseError);
      expect(error).toMatchObject({ code, severity: 'FATAL' });
      const { openline } = error as { openline: ConnectError };
      expect(openline).toBeInstanceOf(ConnectError);
      expect(openline).toMatchObject({ code, kind: 'connect', phase: 'authentication' });
      expect(openline.address).toBe(`127.0.0.1:${database.server.port}`);
      expect(Object.keys(error as object)).not.toContain('openline');
    }
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  test('one connection too many: waited out for as long as the caller can wait', async () => {
    const holder = await onlySession();
    const pool = connect({ user: 'lonely', password: 'lonely', acquireTimeoutMs: 10_000 });
    const asked = pool.query('select 1 as one');
    await until(() => (pool.stats().outage?.attempts ?? 0) >= 2, 'it has been refused twice');
    await holder.end();
    expect((await asked).rows).toEqual([{ one: 1 }]);
  });

  test('one connection too many: at the deadline an error with the code of the server', async () => {
    await onlySession();
    const pool = connect({ user: 'lonely', password: 'lonely', acquireTimeoutMs: 300 });
    const error = await pool.query('select 1').catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: '53300',
      severity: 'FATAL',
      kind: 'acquire-timeout',
      cause: { phase: 'authentication', code: '53300' },
    });
    expect(error).toBeInstanceOf(AcquireTimeoutError);
  });
});
