// The life of a pool: warm-up, close, destroy, refresh, and what it tells.
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { PoolClosedError } from 'openline';
import { expect, test } from 'vitest';
import { captureEveryPlace } from '../support/every-place.ts';
import { until } from '../support/postgres.ts';
import { ask, failureOf, givenPool, givenServer } from './support/pools.ts';

test('connections are opened before the first request needs them', async () => {
  const { origin, sockets } = await givenServer((_, response) => response.end('ok'));
  const pool = givenPool({ max: 3 });
  await pool.warm(origin, 3);
  await Promise.all([1, 2, 3].map(() => ask(pool, origin)));
  expect(sockets).toHaveLength(3);
});

test('a warm connection that the server closes before its first request is let go', async () => {
  const { origin, sockets } = await givenServer((_, response) => response.end('ok'));
  const pool = givenPool();
  await pool.warm(origin);
  await until(() => sockets.length === 1, 'the server has it');
  sockets[0]!.end();
  await until(() => pool.stats().size === 0, 'the pool has let it go');
  expect(await ask(pool, origin)).toBe('ok');
});

test('close lets requests end, refuses new ones, and closes every connection', async () => {
  const { origin, sockets } = await givenServer((_, response) => setTimeout(() => response.end('late'), 50));
  const pool = givenPool({ max: 1 });
  const asked = [ask(pool, origin), ask(pool, origin)];
  const closing = pool.close();
  expect(pool.closed).toBe(true);
  expect(await failureOf(ask(pool, origin))).toBeInstanceOf(PoolClosedError);
  expect(await Promise.all(asked)).toEqual(['late', 'late']);
  await closing;
  expect(pool.destroyed).toBe(true);
  await until(() => sockets.every(({ destroyed }) => destroyed), 'sockets are closed');
});

test('destroy fails what is under way and what waits, with the error that it is given', async () => {
  const { origin } = await givenServer(() => undefined);
  const pool = givenPool({ max: 1 });
  const failures = [1, 2].map(() => failureOf(ask(pool, origin)));
  await until(() => pool.stats().origins[0]?.leased === 1, 'one is under way');
  const reason = new Error('the house is on fire');
  await pool.destroy(reason);
  expect(await Promise.all(failures)).toEqual([reason, reason]);
});

test('both take a callback', async () => {
  await new Promise<void>((resolve) => givenPool().close(resolve));
  await new Promise<void>((resolve) => givenPool().destroy(resolve));
  await new Promise<void>((resolve) => givenPool().destroy(new Error('over'), resolve));
});

test('refresh replaces connections', async () => {
  const { origin, sockets } = await givenServer((_, response) => response.end('ok'));
  const pool = givenPool();
  await ask(pool, origin);
  await pool.refresh(origin);
  await ask(pool, origin);
  expect(sockets.length).toBeGreaterThan(1);
  await until(() => sockets[0]!.destroyed, 'the first one is closed');
});

test('holders are the requests under way, with the place that made them', async () => {
  captureEveryPlace();
  const { origin } = await givenServer(() => undefined);
  const pool = givenPool();
  const asked = failureOf(ask(pool, origin));
  await until(() => pool.holders().length === 1, 'it is under way');
  const [holder] = pool.holders();
  expect(holder).toMatchObject({ origin });
  expect(holder!.place).toMatch(/pools\.ts|lifecycle\.test\.ts/);
  await pool.destroy();
  await asked;
});

test('an upgraded connection is its user’s, and counts until it is closed', async () => {
  const { origin, server } = await givenServer((_, response) => response.end('ok'));
  server.on('upgrade', (_request, socket: Socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n');
    socket.pipe(socket);
  });
  const pool = givenPool({ max: 1, acquireTimeoutMs: 100 });
  const { socket } = await pool.upgrade({ origin, path: '/', protocol: 'echo' } as never);
  socket.write('hello');
  const [echoed] = await once(socket, 'data');
  expect(String(echoed)).toBe('hello');
  expect(pool.stats().origins[0]).toMatchObject({ size: 1, detached: 1 });
  expect((await failureOf(ask(pool, origin))).code).toBe('OPENLINE_ACQUIRE_TIMEOUT');
  socket.destroy();
  expect(await ask(pool, origin)).toBe('ok');
});

test('Retry-After of a 503 is told and remembered', async () => {
  const { origin } = await givenServer((_, response) => {
    response.writeHead(503, { 'retry-after': '30' }).end('later');
  });
  const told: unknown[] = [];
  const pool = givenPool({ name: 'shop', onRetryAfter: (event) => told.push(event) });
  await ask(pool, origin);
  expect(told).toEqual([{ poolName: `shop ${origin}`, origin, status: 503, retryAfterMs: 30_000 }]);
  const { retryAfter } = pool.stats().origins[0]!;
  expect(retryAfter?.status).toBe(503);
  expect(retryAfter?.leftMs).toBeGreaterThan(20_000);
});
