// OpenTelemetry's own SDK sees the whole set, with right values, through a scripted life of a pool.
import { DataPointType, type MetricData, type MetricProducer } from '@opentelemetry/sdk-metrics';
import { PoolMetrics, toMeter, toMetricProducer } from 'openline/telemetry';
import { expect, test } from 'vitest';
import { collecting, valuesOf } from './collecting.ts';
import { live, orders } from './life.ts';

const prefix = 'db.client.connection.';
const state = 'db.client.connection.state';
const poolName = 'db.client.connection.pool.name';

/** The semantic conventions, as of August 2026. */
const conventions: Record<string, [unit: string, type: string]> = {
  count: ['{connection}', 'up-down counter'],
  'idle.max': ['{connection}', 'up-down counter'],
  'idle.min': ['{connection}', 'up-down counter'],
  max: ['{connection}', 'up-down counter'],
  pending_requests: ['{request}', 'up-down counter'],
  timeouts: ['{timeout}', 'counter'],
  create_time: ['s', 'histogram'],
  wait_time: ['s', 'histogram'],
  use_time: ['s', 'histogram'],
};

function typeOf(metric: MetricData): string {
  if (metric.dataPointType === DataPointType.HISTOGRAM) return 'histogram';
  if (metric.dataPointType !== DataPointType.SUM) return 'other';
  return metric.isMonotonic ? 'counter' : 'up-down counter';
}

function watched(kit: ReturnType<typeof orders>): PoolMetrics {
  const metrics = new PoolMetrics();
  metrics.watch(kit.pool);
  return metrics;
}

test('the names, units and types are those of the conventions', async () => {
  const kit = orders();
  const producer: MetricProducer = toMetricProducer(watched(kit));
  const { collect } = collecting(producer);
  await live(kit, {});
  const metrics = await collect();
  const seen = [...metrics].map(([name, metric]) => [
    name.slice(prefix.length),
    [metric.descriptor.unit, typeOf(metric)],
  ]);
  expect(Object.fromEntries(seen)).toEqual(conventions);
  expect([...metrics.keys()].every((name) => name.startsWith(prefix))).toBe(true);
  for (const metric of metrics.values())
    for (const { attributes } of metric.dataPoints)
      expect(attributes).toMatchObject({ [poolName]: 'orders' });
});

test('a connection counts as idle or used from the moment that it is open', async () => {
  const kit = orders();
  const { collect } = collecting(toMetricProducer(watched(kit)));
  const counts: Record<string, unknown>[] = [];
  const waiting: unknown[] = [];
  const look = async (): Promise<void> => {
    const metrics = await collect();
    counts.push(valuesOf(metrics.get(`${prefix}count`), state));
    waiting.push(valuesOf(metrics.get(`${prefix}pending_requests`))['']);
  };
  await live(kit, {
    async connecting() {
      expect(kit.pool.stats().opening).toBeGreaterThan(0);
      await look();
    },
    full: look,
    calm: look,
  });
  expect(counts).toEqual([
    { idle: 0, used: 0 },
    { idle: 0, used: 2 },
    { idle: 1, used: 1 },
  ]);
  expect(waiting).toEqual([2, 2, 0]);
});

test('limits, timeouts and times are the pool’s', async () => {
  const kit = orders();
  const { collect } = collecting(toMetricProducer(watched(kit)));
  await live(kit, {});
  const metrics = await collect();
  const value = (name: string): unknown => valuesOf(metrics.get(prefix + name))[''];
  expect(['max', 'idle.max', 'idle.min', 'timeouts'].map(value)).toEqual([2, 2, 1, 1]);
  expect(value('create_time')).toMatchObject({ count: 2, sum: 0.08, max: 0.04 });
  expect(value('wait_time')).toMatchObject({ count: 3, sum: 0.18, max: 0.1 });
  expect(value('use_time')).toMatchObject({ count: 3, sum: 0.8, max: 0.4 });
});

test('durations stand in the buckets that they belong to', async () => {
  const kit = orders();
  const { collect } = collecting(toMetricProducer(watched(kit)));
  await live(kit, {});
  const { boundaries, counts } = (
    valuesOf((await collect()).get(`${prefix}use_time`))[''] as {
      buckets: { boundaries: number[]; counts: number[] };
    }
  ).buckets;
  expect(counts).toHaveLength(boundaries.length + 1);
  const expected = boundaries.map((bound, index) => {
    const from = boundaries[index - 1] ?? 0;
    return [0.1, 0.3, 0.4].filter((seconds) => seconds >= from && seconds < bound).length;
  });
  expect(counts).toEqual([...expected, 0]);
});

test('a pool that is no longer watched is told of no more', async () => {
  const kit = orders();
  const metrics = new PoolMetrics();
  const watch = metrics.watch(kit.pool);
  const { collect } = collecting(toMetricProducer(metrics));
  expect((await collect()).size).toBeGreaterThan(0);
  watch[Symbol.dispose]();
  expect((await collect()).size).toBe(0);
});

test('each pool has its series, and pools of one name are added up', async () => {
  const metrics = new PoolMetrics();
  const [one, other, third] = [orders('orders'), orders('orders'), orders('stock')];
  metrics.watch(one!.pool);
  metrics.watch(other!.pool);
  metrics.watch(third!.pool, { poolName: 'shelves', attributes: { 'db.system.name': 'postgresql' } });
  const { collect } = collecting(toMetricProducer(metrics));
  await live(one!, {});
  await live(other!, {});
  const collected = await collect();
  expect(valuesOf(collected.get(`${prefix}max`), poolName)).toEqual({ orders: 4, shelves: 2 });
  expect(valuesOf(collected.get(`${prefix}use_time`), poolName)).toMatchObject({
    orders: { count: 6, sum: 1.6 },
    shelves: { count: 0, sum: 0 },
  });
  expect(
    collected.get(`${prefix}max`)?.dataPoints.map(({ attributes }) => attributes['db.system.name']),
  ).toEqual([undefined, 'postgresql']);
});

test('a pool without a limit has no number for it', async () => {
  const metrics = new PoolMetrics();
  const kit = orders();
  kit.pool.resize({ max: Number.POSITIVE_INFINITY });
  metrics.watch(kit.pool);
  const { collect } = collecting(toMetricProducer(metrics));
  const names = [...(await collect()).keys()];
  expect(names).not.toContain(`${prefix}max`);
  expect(names).not.toContain(`${prefix}idle.max`);
  expect(names).toContain(`${prefix}idle.min`);
});

test('a meter of the API alone sees the counts', async () => {
  const kit = orders();
  const { provider, collect } = collecting();
  toMeter(watched(kit), provider.getMeter('openline'));
  const counts: Record<string, unknown>[] = [];
  await live(kit, {
    full: async () => void counts.push(valuesOf((await collect()).get(`${prefix}count`), state)),
  });
  const collected = await collect();
  expect(counts).toEqual([{ idle: 0, used: 2 }]);
  expect(valuesOf(collected.get(`${prefix}timeouts`))['']).toBe(1);
  const withoutTimes = Object.entries(conventions).filter(([, [unit]]) => unit !== 's');
  expect(
    Object.fromEntries(
      [...collected].map(([name, metric]) => [
        name.slice(prefix.length),
        [metric.descriptor.unit, typeOf(metric)],
      ]),
    ),
  ).toEqual(Object.fromEntries(withoutTimes));
});

test('a meter that is taken away asks the pools no more', async () => {
  const kit = orders();
  const metrics = new PoolMetrics();
  let looks = 0;
  metrics.watch({
    stats: () => {
      looks++;
      return kit.pool.stats();
    },
  });
  const { provider, collect } = collecting();
  const shown = toMeter(metrics, provider.getMeter('openline'));
  await collect();
  expect(looks).toBe(1);
  shown[Symbol.dispose]();
  await collect();
  expect(looks).toBe(1);
});

test('what is no pool is refused', () => {
  expect(() => new PoolMetrics().watch({} as never)).toThrow('watch() takes a pool');
});
