// The metrics of HTTP connections, by origin, as OpenTelemetry's SDK sees them.
import type { ServerResponse } from 'node:http';
import { logPools, PoolMetrics, toMetricProducer } from 'openline/telemetry';
import { expect, test } from 'vitest';
import { until } from '../support/postgres.ts';
import { collecting, valuesOf } from '../telemetry/collecting.ts';
import { ask, givenPool, givenServer } from './support/pools.ts';

const state = 'http.connection.state';

test('open connections, requests under way and the duration of connections are told by origin', async () => {
  const held: ServerResponse[] = [];
  const { origin } = await givenServer((_, response) => void held.push(response));
  const pool = givenPool({ name: 'shop' });
  const metrics = new PoolMetrics();
  metrics.watch(pool);
  const { collect } = collecting(toMetricProducer(metrics));

  const answers = [ask(pool, origin), ask(pool, origin)];
  await until(() => held.length === 2, 'both requests at the server');
  const during = await collect();
  expect([...during].map(([name, { descriptor }]) => [name, descriptor.unit])).toEqual([
    ['http.client.open_connections', '{connection}'],
    ['http.client.connection.duration', 's'],
    ['http.client.active_requests', '{request}'],
  ]);
  expect(valuesOf(during.get('http.client.open_connections'), state)).toEqual({ active: 2, idle: 0 });
  expect(valuesOf(during.get('http.client.active_requests'))['']).toBe(2);
  const { port } = new URL(origin);
  expect(during.get('http.client.active_requests')!.dataPoints[0]!.attributes).toEqual({
    'server.address': '127.0.0.1',
    'server.port': Number(port),
    'url.scheme': 'http',
    'http.request.method': 'GET',
  });
  expect(during.get('http.client.open_connections')!.dataPoints[0]!.attributes).toMatchObject({
    'server.address': '127.0.0.1',
    'server.port': Number(port),
    'network.protocol.version': '1.1',
  });

  held[0]!.end('a');
  held[1]!.end('b');
  await Promise.all(answers);
  await until(() => pool.stats().requests === 0, 'both answers read');
  const after = await collect();
  expect(valuesOf(after.get('http.client.open_connections'), state)).toEqual({ active: 0, idle: 2 });
  expect(valuesOf(after.get('http.client.active_requests'))['']).toBe(0);
  expect(valuesOf(after.get('http.client.connection.duration'))['']).toMatchObject({ count: 0 });

  await pool.refresh();
  await until(() => pool.stats().origins[0]!.totals.closed.refreshed === 2, 'both connections closed');
  const closed = await collect();
  const duration = valuesOf(closed.get('http.client.connection.duration'))[''] as {
    count: number;
    sum: number;
  };
  expect(duration.count).toBe(2);
  expect(duration.sum).toBeGreaterThan(0);
  expect(duration.sum).toBeLessThan(120);
});

test('requests under way are told by method, also when the last one has ended', async () => {
  const held: ServerResponse[] = [];
  const { origin } = await givenServer((_, response) => void held.push(response));
  const pool = givenPool();
  const metrics = new PoolMetrics();
  metrics.watch(pool);
  const { collect } = collecting(toMetricProducer(metrics));
  const byMethod = async (): Promise<object> =>
    valuesOf((await collect()).get('http.client.active_requests'), 'http.request.method');
  const answers = ['GET', 'GET', 'PUT', 'PURGE'].map(async (method) => {
    const { body } = await pool.request({ origin, path: '/', method: method as 'GET' });
    await body.dump();
  });
  await until(() => held.length === 4, 'all requests at the server');
  expect(await byMethod()).toEqual({ GET: 2, PUT: 1, _OTHER: 1 });
  for (const response of held) response.end();
  await Promise.all(answers);
  await until(() => pool.stats().requests === 0, 'all answers read');
  expect(await byMethod()).toEqual({ GET: 0, PUT: 0, _OTHER: 0 });
});

test('a method of the caller’s making is told of as long as it has requests', async () => {
  const { origin } = await givenServer((_, response) => response.end());
  const pool = givenPool();
  for (const method of ['GET', 'get', 'MADE-UP']) {
    // Node's server refuses what it does not know: the request has ended all the same.
    const { body } = await pool.request({ origin, path: '/', method: method as 'GET' });
    await body.dump();
  }
  await until(() => pool.stats().requests === 0, 'all answers read');
  expect(pool.stats().origins[0]!.requestsByMethod).toEqual({ GET: 0, get: 0 });
});

test('an IPv6 address and a default port are told as the conventions want them', async () => {
  const { origin } = await givenServer((_, response) => response.end());
  const pool = givenPool();
  await ask(pool, origin);
  const [told] = pool.stats().origins;
  const metrics = new PoolMetrics();
  metrics.watch({ stats: () => ({ name: 'x', origins: [{ ...told!, origin: 'https://[::1]' }] }) });
  const requests = metrics.read().find(({ name }) => name === 'http.client.active_requests');
  expect(requests!.points[0]!.attributes).toEqual({
    'server.address': '::1',
    'server.port': 443,
    'url.scheme': 'https',
    'http.request.method': 'GET',
  });
});

test('an origin to which no connection was ever open has requests only', async () => {
  const pool = givenPool({ acquireTimeoutMs: 200 });
  const metrics = new PoolMetrics();
  metrics.watch(pool);
  const refused = pool.request({ origin: 'http://127.0.0.1:1', path: '/', method: 'GET' });
  await expect(refused).rejects.toThrow();
  expect(metrics.read().map(({ name }) => name)).toEqual(['http.client.active_requests']);
});

test('an origin that cannot be reached has a line in the log of its pool', async () => {
  const pool = givenPool({ name: 'shop', acquireTimeoutMs: 200 });
  const other = givenPool({ name: 'other', acquireTimeoutMs: 200 });
  const lines: { pool: string; message: string }[] = [];
  const line = (details: object, message: string): void =>
    void lines.push({ message, ...(details as { pool: string }) });
  const log = logPools([pool], { info: line, warn: line, error: line });
  for (const asked of [pool, other]) {
    const refused = asked.request({ origin: 'http://127.0.0.1:1', path: '/?token=hush', method: 'GET' });
    await expect(refused).rejects.toThrow();
  }
  await until(() => lines.length === 3, 'the outage has outlasted the acquire timeout');
  log[Symbol.dispose]();
  const name = 'shop http://127.0.0.1:1';
  expect(lines.map(({ message }) => message)).toEqual([
    `pool "${name}": cannot connect`,
    `pool "${name}": acquire timed out`,
    `pool "${name}": breaker open`,
  ]);
  expect(lines[0]).toMatchObject({ pool: name, code: 'ECONNREFUSED', phase: 'tcp' });
  expect(JSON.stringify(lines)).not.toContain('hush');
});
