// LISTEN over the pool: notifications reach their handlers, also after the connection that listened has died.

import { type PgPoolOptions, Pool } from 'openline/pg';
import { FaultProxy } from 'openline/testing';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { ended } from '../support/pools.ts';
import { givenPostgres, until } from '../support/postgres.ts';

const database = givenPostgres();

const connect = (options: PgPoolOptions = {}): Pool => ended(new Pool(database.config(options)));
const notify = (channel: string, payload: string) =>
  database.ask('select pg_notify($1, $2)', [channel, payload]);

describe('a channel that is listened to', () => {
  test('brings what is notified, until it is unlistened', async () => {
    const pool = connect();
    const heard: string[] = [];
    const subscription = await pool.listen('Orders "new"', (payload) => void heard.push(payload));
    await notify('Orders "new"', 'one');
    await notify('orders', 'another channel');
    await notify('Orders "new"', '');
    await until(() => heard.length === 2, 'both are heard');
    expect(heard).toEqual(['one', '']);
    await subscription.unlisten();
    await notify('Orders "new"', 'late');
    await pool.query('select 1');
    expect(heard).toEqual(['one', '']);
    expect(pool.idleCount).toBe(pool.totalCount);
  });

  test('shares one connection with the others of the pool, which counts it', async () => {
    const pool = connect({ max: 3 });
    const heard: string[] = [];
    for (const channel of ['a', 'b', 'c', 'a'])
      await pool.listen(channel, (payload) => void heard.push(channel + payload));
    expect(pool.stats()).toMatchObject({ size: 1, leased: 1 });
    await notify('a', '1');
    await notify('c', '2');
    await until(() => heard.length === 3, 'all are heard');
    expect(heard).toEqual(['a1', 'a1', 'c2']);
  });

  test('is heard again after its session was ended, and says that something may be lost', async () => {
    const pool = connect({ application_name: 'listening' });
    pool.on('error', () => undefined);
    const heard: string[] = [];
    const onReconnect = vi.fn();
    await pool.listen('events', (payload) => void heard.push(payload), { onReconnect });
    await database.terminate('listening');
    await vi.waitFor(() => expect(onReconnect).toHaveBeenCalledOnce(), { timeout: 5_000 });
    await notify('events', 'after');
    await until(() => heard.length === 1, 'it is heard');
    expect(heard).toEqual(['after']);
  });

  test('is heard again after its connection died without a word', async () => {
    const { host, port } = database.server;
    const proxy = await FaultProxy.start({ target: { host, port } });
    onTestFinished(() => proxy.close());
    const limits = { keepaliveMs: 100, readTimeoutMs: 200, connectTimeoutMs: 1_000 };
    const pool = connect({ host: proxy.host, port: proxy.port, ...limits });
    pool.on('error', () => undefined);
    const heard: string[] = [];
    const onReconnect = vi.fn();
    await pool.listen('events', (payload) => void heard.push(payload), { onReconnect });
    proxy.silent('existing');
    await vi.waitFor(() => expect(onReconnect).toHaveBeenCalledOnce(), { timeout: 5_000 });
    await notify('events', 'after');
    await until(() => heard.length === 1, 'it is heard');
  });

  test('is not told of as a lease that is overdue', async () => {
    const leaseOverdue = vi.fn();
    const pool = connect({ leakThresholdMs: 100, observers: [{ leaseOverdue }] });
    await pool.listen('events', () => undefined);
    const client = await pool.connect();
    await vi.waitFor(() => expect(leaseOverdue).toHaveBeenCalled(), { timeout: 5_000 });
    expect(leaseOverdue).toHaveBeenCalledOnce();
    client.release();
  });

  test('does not keep the pool from its end', async () => {
    const pool = connect();
    await pool.listen('events', () => undefined);
    const startedAt = performance.now();
    await pool.end();
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  test('goes on when a handler throws: the process is told, the other handlers hear it', async () => {
    const pool = connect();
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    const caught = vi.fn();
    process.on('uncaughtException', caught);
    onTestFinished(() => {
      process.removeAllListeners('uncaughtException');
      for (const listener of before) process.on('uncaughtException', listener);
    });
    const heard: string[] = [];
    await pool.listen('events', () => {
      throw new Error('thrown by a handler');
    });
    await pool.listen('events', (payload) => void heard.push(payload));
    await notify('events', '1');
    await notify('events', '2');
    await until(() => heard.length === 2, 'both are heard');
    expect(caught).toHaveBeenCalledTimes(2);
  });
});
