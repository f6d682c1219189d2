// `openline lab --once`: the comparison as JSON and for people, and the status it ends with.
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import type { Comparison } from '../../src/lab/comparison.ts';
import { listen } from '../../src/lab/listening.ts';
import { start } from './support.ts';

it('--once --json ends with 0 and prints the comparison as JSON, and nothing else, on standard output', async () => {
  const options = ['--once', '--seconds', '1', '--max', '2', '--json'];
  const { status, stdout, stderr } = await start(['lab', ...options]).ended;
  expect(status, stderr).toBe(0);
  const { conditions, perRequest, pooled, ratios, connectionShare } = JSON.parse(stdout) as Comparison;
  expect(conditions).toMatchObject({ callers: 20, poolMax: 2, seconds: 1 });

  for (const measured of [perRequest, pooled]) {
    expect(measured.failed).toBe(0);
    expect(measured.requestsPerSecond).toBeGreaterThan(0);
    expect(measured.latencyMs.p99).toBeGreaterThanOrEqual(measured.latencyMs.p50);
    expect(measured.cpuMsPerRequest).toBeGreaterThan(0);
    const shares = measured.phases.reduce((sum, { share }) => sum + share, 0);
    expect(shares).toBeGreaterThan(0.8);
    expect(shares).toBeLessThan(1.001);
  }

  expect(perRequest.opened.database).toBeGreaterThanOrEqual(perRequest.requests);
  expect(perRequest.opened.prices).toBeGreaterThanOrEqual(perRequest.requests);
  expect(pooled.opened.database).toBeLessThanOrEqual(2);
  expect(pooled.opened.prices).toBeLessThanOrEqual(2);
  expect(ratios.databaseConnections).toBeGreaterThan(1);

  const seen = perRequest.phases.filter(({ meanMs }) => meanMs > 0).map(({ phase }) => phase);
  expect(seen).toEqual([
    'database.dns',
    'database.tcp',
    'database.tls',
    'database.startup',
    'database.authentication',
    'database.query',
    'database.close',
    'prices.dns',
    'prices.tcp',
    'prices.tls',
    'prices.call',
    'prices.close',
  ]);
  expect(connectionShare).toBeGreaterThan(0.5);
  expect(Object.keys(pooled.connectMs.database)).toEqual(['dns', 'tcp', 'tls', 'startup', 'authentication']);
  expect(Object.keys(pooled.connectMs.prices)).toEqual(['dns', 'tcp', 'tls']);

  // Short reads share connections to the database, and may not wait at all; calls over HTTP/1.1 have one each.
  const inPools = pooled.phases.filter(({ meanMs }) => meanMs > 0).map(({ phase }) => phase);
  expect(inPools.filter((phase) => phase !== 'database.wait')).toEqual([
    'database.query',
    'prices.wait',
    'prices.call',
  ]);
});

it('--help says what there is', async () => {
  const { status, stdout } = await start(['lab', '--help']).ended;
  expect(status).toBe(0);
  for (const word of ['--once', '--json', '--port', '--seconds', '--callers', '--max', 'DATABASE_URL']) {
    expect(stdout).toContain(word);
  }
});

it('refuses an option that it does not know, naming the nearest, and a value out of range', async () => {
  const unknown = await start(['lab', '--secnds', '3']).ended;
  expect([unknown.status, unknown.stderr]).toEqual([1, expect.stringContaining('--seconds')]);
  const outOfRange = await start(['lab', '--port', '80000']).ended;
  expect([outOfRange.status, outOfRange.stderr]).toEqual([1, expect.stringContaining('from 0 to 65535')]);
});

it('says at once that a port is taken', async () => {
  const other = createServer();
  const port = await listen(other, 0);
  const { status, stderr } = await start(['lab', '--once', '--port', `${port}`]).ended;
  other.close();
  expect(status).toBe(1);
  expect(stderr).toContain(`Port ${port} is taken`);
});
