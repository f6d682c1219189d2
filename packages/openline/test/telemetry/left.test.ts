// What a pool or an origin has counted stays counted when it leaves: a sum that falls would be read as one that began anew.
import type { PoolStats } from 'openline';
import { PoolMetrics } from 'openline/telemetry';
import { expect, test } from 'vitest';
import type { Durations } from '../../src/telemetry/sheet.ts';
import type { WatchedPool } from '../../src/telemetry/watched.ts';
import { live, orders } from './life.ts';

/** The figures of a pool that has lived: three uses, one caller refused. */
async function lived(): Promise<PoolStats> {
  const kit = orders();
  const pool = await live(kit, {});
  return pool.stats();
}

const timingOut = (stats: PoolStats, timedOut: number): WatchedPool => ({
  stats: () => ({ ...stats, totals: { ...stats.totals, timedOut } }),
});

/** Values of a metric: of durations, how many there were. */
function valuesOf(metrics: PoolMetrics, metric: string): number[] {
  const { points = [] } = metrics.read().find(({ name }) => name === metric) ?? {};
  return points.map(({ value }) => (typeof value === 'number' ? value : (value as Durations).count));
}

const timeouts = 'db.client.connection.timeouts';
const useTime = 'db.client.connection.use_time';
const duration = 'http.client.connection.duration';

test('totals do not fall when one of two pools of a name leaves, and levels do', async () => {
  const stats = await lived();
  const metrics = new PoolMetrics();
  const leaving = metrics.watch(timingOut(stats, 5));
  metrics.watch(timingOut(stats, 2));
  const uses = stats.times.use.count;
  expect(uses).toBeGreaterThan(0);
  const seen = (): number[][] =>
    [timeouts, useTime, 'db.client.connection.max'].map((name) => valuesOf(metrics, name));
  expect(seen()).toEqual([[7], [2 * uses], [4]]);
  leaving[Symbol.dispose]();
  expect(seen()).toEqual([[7], [2 * uses], [2]]);
  leaving[Symbol.dispose]();
  expect(seen()).toEqual([[7], [2 * uses], [2]]);
});

test('a series of which nothing is left ends, and begins anew with the next pool', async () => {
  const stats = await lived();
  const metrics = new PoolMetrics();
  const leaving = metrics.watch(timingOut(stats, 5));
  expect(valuesOf(metrics, timeouts)).toEqual([5]);
  leaving[Symbol.dispose]();
  expect(valuesOf(metrics, timeouts)).toEqual([]);
  metrics.watch(timingOut(stats, 1));
  expect(valuesOf(metrics, timeouts)).toEqual([1]);
});

test('totals do not fall when one of two pools drops an origin, nor when the origin comes back', async () => {
  const stats = await lived();
  const origin = (lifetime: PoolStats['times']['lifetime']) =>
    ({
      ...stats,
      name: 'shop https://a.example',
      origin: 'https://a.example',
      protocol: 'HTTP/2',
      requestsByMethod: {},
      times: { ...stats.times, lifetime },
    }) as const;
  const full = stats.times.use;
  const none = orders().pool.stats().times.use;
  let origins = [origin(full)];
  const metrics = new PoolMetrics();
  metrics.watch({ stats: () => ({ name: 'shop', origins }) });
  metrics.watch({ stats: () => ({ name: 'shop', origins: [origin(full)] }) });
  expect(valuesOf(metrics, duration)).toEqual([2 * full.count]);
  origins = [];
  expect(valuesOf(metrics, duration)).toEqual([2 * full.count]);
  origins = [origin(full)];
  expect(valuesOf(metrics, duration)).toEqual([3 * full.count]);
  // Dropped and made anew between two looks.
  origins = [origin(none)];
  expect(valuesOf(metrics, duration)).toEqual([3 * full.count]);
});
