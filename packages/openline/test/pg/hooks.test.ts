// What a user may run on a client that has just connected, and what a pool writes to its log.
import { Pool as OpenlinePool } from 'openline/pg';
import type pg from 'pg';
import { describe, expect, test, vi } from 'vitest';
import { bothPools, ended, eventsOf } from '../support/pools.ts';
import { givenPostgres, until } from '../support/postgres.ts';

const database = givenPostgres();

/** The typings leave out what the pool takes. */
interface Hooks extends pg.PoolConfig {
  onConnect?: (client: pg.ClientBase) => void | Promise<void>;
}

describe.each(bothPools)('%s', (_, Pool) => {
  const connect = (options: Hooks = {}) => ended(new Pool(database.config({ max: 1, ...options })));

  test('awaits onConnect before it lends a new client, and runs it once for each client', async () => {
    const steps: string[] = [];
    const pool = connect({
      async onConnect(client) {
        await client.query("set search_path to 'hooked'");
        steps.push('hooked');
      },
    });
    pool.on('connect', () => steps.push('connect'));
    expect((await pool.query('show search_path')).rows).toEqual([{ search_path: 'hooked' }]);
    await pool.query('select 1');
    expect(steps).toEqual(['hooked', 'connect']);
  });

  test.each(['connect listener', 'onConnect that nobody awaits'])(
    'runs what a %s begins before what the first user does',
    async (where) => {
      const begin = (client: pg.ClientBase): void => void client.query("set search_path to 'begun'");
      const pool = connect(where === 'connect listener' ? {} : { onConnect: begin });
      if (where === 'connect listener') pool.on('connect', begin);
      expect((await pool.query('show search_path')).rows).toEqual([{ search_path: 'begun' }]);
      expect(pool.totalCount).toBe(1);
      const client = await pool.connect();
      expect((await client.query('show search_path')).rows).toEqual([{ search_path: 'begun' }]);
      client.release();
    },
  );

  test.each([
    ['rejects', () => Promise.reject(new Error('not this one'))],
    [
      'throws',
      () => {
        throw new Error('not this one');
      },
    ],
  ])('rejects with the error of an onConnect that %s, and closes the client', async (_how, onConnect) => {
    const name = `hook-fails-${Pool.name}`;
    const pool = connect({ onConnect, application_name: name });
    const emitted = eventsOf(pool);
    await expect(pool.connect()).rejects.toThrow('not this one');
    await expect(pool.query('select 1')).rejects.toThrow('not this one');
    expect(emitted).toEqual([]);
    expect(pool.totalCount).toBe(0);
    await until(async () => (await database.sessions(name)) === 0, 'the sessions are over');
  });

  test('asks verify once for each new client', async () => {
    const verify = vi.fn((_client: pg.PoolClient, callback: (error?: Error) => void) => callback());
    const pool = connect({ verify });
    const client = await pool.connect();
    client.release();
    await pool.query('select 1');
    expect(verify).toHaveBeenCalledExactlyOnceWith(client, expect.any(Function));
  });

  test('rejects with the error of verify, and removes the client that it told of', async () => {
    const pool = connect({
      verify: (client, callback) => {
        client.query('select 1').then(() => callback(new Error('not verified')), callback);
      },
    });
    const emitted = eventsOf(pool);
    await expect(pool.query('select 1')).rejects.toThrow('not verified');
    await until(() => emitted.some(([event]) => event === 'remove'), 'the client is removed');
    expect(emitted[0]).toEqual(['connect', emitted.at(-1)?.[1]]);
    expect(pool.totalCount).toBe(0);
  });

  test('keeps serving when verify passes again', async () => {
    let refusals = 1;
    const pool = connect({
      verify: (_client, callback) => callback(refusals-- > 0 ? new Error('no') : undefined),
    });
    await expect(pool.query('select 1')).rejects.toThrow('no');
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });

  test('writes to its log', async () => {
    const log = vi.fn();
    const pool = connect({ log });
    expect((pool as unknown as { log: unknown }).log).toBe(log);
    await pool.query('select 1');
    await pool.end();
    const messages = log.mock.calls.map(([message]) => message);
    for (const message of ['connecting new client', 'new client connected', 'ending'])
      expect(messages).toContain(message);
  });

  test('writes to its log what went wrong', async () => {
    const log = vi.fn();
    const pool = connect({ log, password: 'wrong' });
    await expect(pool.query('select 1')).rejects.toThrow();
    expect(log).toHaveBeenCalledWith('client failed to connect', expect.objectContaining({ code: '28P01' }));
  });
});

describe('openline/pg', () => {
  test('bounds a hook that never ends by connectTimeoutMs, and says that it was the hook', async () => {
    const pool = ended(
      new OpenlinePool({
        ...database.config({ max: 1, acquireTimeoutMs: 500, connectTimeoutMs: 150 }),
        onConnect: () => new Promise<void>(() => undefined),
      } as Hooks),
    );
    const error = await pool.connect().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ kind: 'acquire-timeout', cause: { phase: 'hooks', timedOut: true } });
  });
});
