// What the drop-in has that pg's pool has not: leases, the levers of the pool's life, and its own account of itself.
import { AcquireTimeoutError, PoolClosedError, QueueFullError } from 'openline';
import { type PgPoolOptions, Pool } from 'openline/pg';
import { describe, expect, test, vi } from 'vitest';
import { captureEveryPlace } from '../support/every-place.ts';
import { ended, eventsOf } from '../support/pools.ts';
import { givenPostgres, until } from '../support/postgres.ts';

const database = givenPostgres();
const connect = (options: PgPoolOptions = {}): Pool => ended(new Pool(database.config(options)));
const sessionOf = 'select pg_backend_pid() as pid';

describe('acquire()', () => {
  test('resolves with a lease, which is released once', async () => {
    const pool = connect({ max: 1 });
    const emitted = eventsOf(pool);
    const lease = await pool.acquire();
    expect((await lease.connection.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    const { connection } = lease;
    lease.release();
    expect(() => lease.release()).toThrow(expect.objectContaining({ code: 'OPENLINE_LEASE' }));
    expect(() => connection.release()).toThrow(expect.objectContaining({ code: 'OPENLINE_LEASE' }));
    expect(pool.idleCount).toBe(1);
    expect(emitted).toEqual([
      ['connect', connection],
      ['acquire', connection],
      ['release', undefined, connection],
    ]);
  });

  test('is released by its client too, and by `using`', async () => {
    const pool = connect({ max: 1 });
    {
      using lease = await pool.acquire();
      await lease.connection.query('select 1');
    }
    const lease = await pool.acquire();
    lease.connection.release();
    expect(lease.ended).toBe(true);
    expect(pool.idleCount).toBe(1);
  });

  test('closes what is discarded', async () => {
    const pool = connect({ max: 1 });
    const emitted = eventsOf(pool);
    const lease = await pool.acquire();
    const { connection } = lease;
    lease.discard('left in a strange state');
    await until(() => emitted.length === 4, 'it is removed');
    expect(emitted.slice(2)).toEqual([
      ['release', 'left in a strange state', connection],
      ['remove', connection],
    ]);
  });

  test('rejects at its own deadline, and says who holds the clients', async () => {
    captureEveryPlace();
    const pool = connect({ max: 1 });
    const client = await pool.connect();
    const startedAt = performance.now();
    const error = await pool.acquire({ timeoutMs: 60 }).catch((reason: unknown) => reason);
    expect(performance.now() - startedAt).toBeLessThan(60 + 50);
    expect(error).toBeInstanceOf(AcquireTimeoutError);
    expect(error).toMatchObject({
      counts: { max: 1, leased: 1 },
      holders: [{ place: expect.stringContaining('own-methods.test.ts') }],
    });
    client.release();
  });

  test('rejects with the reason of its signal, before, while and not after it waits', async () => {
    const pool = connect({ max: 1 });
    const client = await pool.connect();
    const controller = new AbortController();
    const waiting = pool.acquire({ signal: controller.signal });
    const reason = new Error('no longer wanted');
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(pool.use(() => 'never', { signal: controller.signal })).rejects.toBe(reason);
    expect(pool.waitingCount).toBe(0);
    const late = new AbortController();
    const lease = pool.acquire({ signal: late.signal });
    client.release();
    (await lease).release();
    late.abort();
    expect(pool.stats()).toMatchObject({ idle: 1, leased: 0 });
  });
});

describe('use()', () => {
  test('gives the client back when the work returns, and when it throws', async () => {
    const pool = connect({ max: 1 });
    expect(await pool.use((client) => client.query(sessionOf).then(({ rowCount }) => rowCount))).toBe(1);
    const work = (): never => {
      throw new Error('thrown by the work');
    };
    await expect(pool.use(work)).rejects.toThrow('thrown by the work');
    expect(pool.idleCount).toBe(1);
  });

  test('does not mind a client that the work has released itself', async () => {
    const pool = connect({ max: 1 });
    await pool.use((client) => client.release());
    expect(pool.idleCount).toBe(1);
  });
});

describe('the levers of a pool', () => {
  test('warm() opens as many as it is told', async () => {
    const pool = connect({ max: 4 });
    await pool.warm(3);
    expect([pool.totalCount, pool.idleCount]).toEqual([3, 3]);
    await expect(pool.warm(5)).rejects.toMatchObject({ code: 'OPENLINE_INVALID_OPTIONS' });
  });

  test('warm() rejects with the error of the server', async () => {
    await expect(connect({ password: 'wrong' }).warm(1)).rejects.toMatchObject({ code: '28P01' });
  });

  test('resize() closes what is too much, and makes room for who waits', async () => {
    const pool = connect({ max: 3 });
    await pool.warm(3);
    pool.resize({ max: 1 });
    expect(pool.options.max).toBe(1);
    await until(() => pool.totalCount === 1, 'two are closed');
    const client = await pool.connect();
    const waiting = pool.connect();
    pool.resize({ max: 2 });
    (await waiting).release();
    client.release();
    expect(() => pool.resize({ max: 0 })).toThrow(
      expect.objectContaining({ code: 'OPENLINE_INVALID_OPTIONS' }),
    );
  });

  test('refresh() replaces every session without a gap', async () => {
    const pool = connect({ max: 3 });
    await pool.warm(2);
    const lent = await pool.connect();
    const before = await database.ask('select pid from pg_stat_activity where pid = any($1)', [
      [...(await sessionsOf(pool)), (await lent.query(sessionOf)).rows[0].pid],
    ]);
    await pool.refresh();
    lent.release();
    await until(() => pool.totalCount === 1, 'the lent one is gone too');
    const after = await sessionsOf(pool);
    for (const { pid } of before) expect(after).not.toContain(pid);
  });

  test('suspend() lends nothing until resume()', async () => {
    const pool = connect({ max: 2 });
    await pool.warm(1);
    pool.suspend();
    const served = vi.fn();
    const asked = pool.query('select 1').then(served);
    await expect(pool.acquire({ timeoutMs: 30 })).rejects.toBeInstanceOf(AcquireTimeoutError);
    expect(served).not.toHaveBeenCalled();
    pool.resume();
    await asked;
  });

  test('maxWaiters bounds the queue', async () => {
    const pool = connect({ max: 1, maxWaiters: 1 });
    const client = await pool.connect();
    const first = pool.query('select 1');
    await expect(pool.query('select 2')).rejects.toBeInstanceOf(QueueFullError);
    client.release();
    await first;
  });

  test('an ended pool refuses all of them', async () => {
    const pool = connect();
    await pool.query('select 1');
    await pool.end();
    await expect(pool.acquire()).rejects.toBeInstanceOf(PoolClosedError);
    await expect(pool.use(() => 'never')).rejects.toBeInstanceOf(PoolClosedError);
    await expect(pool.transaction(() => 'never')).rejects.toBeInstanceOf(PoolClosedError);
    await expect(pool.warm(1)).rejects.toBeInstanceOf(PoolClosedError);
  });
});

describe('what a pool tells of itself', () => {
  test('to look at it opens nothing: its min is opened with the first caller', async () => {
    const pool = connect({ max: 3, min: 2 });
    expect(pool.stats()).toMatchObject({ min: 2, size: 0 });
    expect([pool.status().size, pool.holders(), pool.connections()]).toEqual([0, [], []]);
    await pool.query('select 1');
    await until(() => pool.idleCount === 2, 'its min is open');
  });

  test('stats() counts what happened, and measures each phase of a connect', async () => {
    const pool = connect({ max: 2 });
    await Promise.all([pool.query('select 1'), pool.query('select 1'), pool.query('select 1')]);
    const { totals, times, state, max } = pool.stats();
    expect({ state, max }).toEqual({ state: 'running', max: 2 });
    expect(totals).toMatchObject({ openFailed: 0, timedOut: 0 });
    expect(times.use.count).toBe(3);
    expect(times.connect.count).toBe(totals.opened);
    expect(Object.keys(times.connectPhases)).toEqual(['tcp', 'startup', 'authentication']);
  });

  test('observers hear of each connection, with the client', async () => {
    const opened = vi.fn();
    const closed = vi.fn();
    const pool = connect({ max: 1, observers: [{ opened, closed }] });
    const client = await pool.connect();
    client.release();
    await pool.end();
    expect(opened).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ connectionId: 1, connection: client }),
    );
    expect(closed).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ reason: 'pool-closed' }));
  });

  test('connections() lists them', async () => {
    const pool = connect({ max: 2 });
    await pool.warm(2);
    const client = await pool.connect();
    expect(
      pool
        .connections()
        .map(({ state }) => state)
        .sort(),
    ).toEqual(['idle', 'leased']);
    client.release();
  });
});

async function sessionsOf(pool: Pool): Promise<unknown[]> {
  const clients = await Promise.all(Array.from({ length: pool.idleCount }, () => pool.connect()));
  const answers = await Promise.all(clients.map((client) => client.query(sessionOf)));
  for (const client of clients) client.release();
  return answers.map(({ rows }) => rows[0].pid);
}
