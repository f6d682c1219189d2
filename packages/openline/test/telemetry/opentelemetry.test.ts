// OpenTelemetry's own SDK sees the whole set, with right values, through a scripted life of a pool.
import { DataPointType, type MetricData, type MetricProducer } from '@opentelemetry/sdk-metrics';
import * as everyConvention from '@opentelemetry/semantic-conventions/incubating';
import {
  DB_CLIENT_CONNECTION_STATE_VALUE_IDLE,
  DB_CLIENT_CONNECTION_STATE_VALUE_USED,
  METRIC_DB_CLIENT_CONNECTION_COUNT,
  METRIC_DB_CLIENT_CONNECTION_CREATE_TIME,
  METRIC_DB_CLIENT_CONNECTION_IDLE_MAX,
  METRIC_DB_CLIENT_CONNECTION_IDLE_MIN,
  METRIC_DB_CLIENT_CONNECTION_LIMIT,
  METRIC_DB_CLIENT_CONNECTION_MAX,
  METRIC_DB_CLIENT_CONNECTION_PENDING_REQUESTS,
  METRIC_DB_CLIENT_CONNECTION_TIMEOUTS,
  METRIC_DB_CLIENT_CONNECTION_USE_TIME,
  METRIC_DB_CLIENT_CONNECTION_WAIT_TIME,
  ATTR_DB_CLIENT_CONNECTION_POOL_NAME as poolName,
  ATTR_DB_CLIENT_CONNECTION_STATE as state,
} from '@opentelemetry/semantic-conventions/incubating';
import { PoolMetrics, toMeter, toMetricProducer } from 'openline/telemetry';
import { expect, test } from 'vitest';
import { collecting, valuesOf } from './collecting.ts';
import { live, orders } from './life.ts';

const prefix = 'db.client.connection.';

/** The semantic conventions: their names, as their own package has them; units and kinds as their text says. */
const conventions: Record<string, [unit: string, type: string]> = {
  [METRIC_DB_CLIENT_CONNECTION_COUNT]: ['{connection}', 'up-down counter'],
  [METRIC_DB_CLIENT_CONNECTION_IDLE_MAX]: ['{connection}', 'up-down counter'],
  [METRIC_DB_CLIENT_CONNECTION_IDLE_MIN]: ['{connection}', 'up-down counter'],
  [METRIC_DB_CLIENT_CONNECTION_LIMIT]: ['{connection}', 'up-down counter'],
  [METRIC_DB_CLIENT_CONNECTION_MAX]: ['{connection}', 'up-down counter'],
  [METRIC_DB_CLIENT_CONNECTION_PENDING_REQUESTS]: ['{request}', 'up-down counter'],
  [METRIC_DB_CLIENT_CONNECTION_TIMEOUTS]: ['{timeout}', 'counter'],
  [METRIC_DB_CLIENT_CONNECTION_CREATE_TIME]: ['s', 'histogram'],
  [METRIC_DB_CLIENT_CONNECTION_WAIT_TIME]: ['s', 'histogram'],
  [METRIC_DB_CLIENT_CONNECTION_USE_TIME]: ['s', 'histogram'],
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

test('the names, units and types are those of the conventions, and none of theirs is missing', async () => {
  const kit = orders();
  const producer: MetricProducer = toMetricProducer(watched(kit));
  const { collect } = collecting(producer);
  await live(kit, {});
  const metrics = await collect();
  const seen = [...metrics].map(([name, metric]) => [name, [metric.descriptor.unit, typeOf(metric)]]);
  expect(Object.fromEntries(seen)).toEqual(conventions);
  const theirs = Object.values(everyConvention).filter((name) => String(name).startsWith(prefix));
  const attributes: unknown[] = [poolName, state];
  expect([...metrics.keys(), ...attributes].sort()).toEqual(theirs.sort());
});

test('the metrics of HTTP, and all their attributes, are called as the conventions call them', async () => {
  const kit = orders();
  const metrics = new PoolMetrics();
  const origin = { origin: 'https://example.com', requestsByMethod: { GET: 1, PURGE: 2 } } as const;
  const origins = [{ ...kit.pool.stats(), ...origin, protocol: 'HTTP/2' as const }];
  metrics.watch({ stats: () => ({ name: 'shop', origins }) });
  const { collect } = collecting(toMetricProducer(metrics));
  const collected = await collect();
  const { METRIC_HTTP_CLIENT_OPEN_CONNECTIONS, METRIC_HTTP_CLIENT_CONNECTION_DURATION } = everyConvention;
  const { METRIC_HTTP_CLIENT_ACTIVE_REQUESTS, ATTR_HTTP_REQUEST_METHOD } = everyConvention;
  expect(
    Object.fromEntries(
      [...collected].map(([name, metric]) => [name, [metric.descriptor.unit, typeOf(metric)]]),
    ),
  ).toEqual({
    [METRIC_HTTP_CLIENT_OPEN_CONNECTIONS]: ['{connection}', 'up-down counter'],
    [METRIC_HTTP_CLIENT_CONNECTION_DURATION]: ['s', 'histogram'],
    [METRIC_HTTP_CLIENT_ACTIVE_REQUESTS]: ['{request}', 'up-down counter'],
  });
  const { ATTR_SERVER_ADDRESS, ATTR_SERVER_PORT, ATTR_URL_SCHEME } = everyConvention;
  const server = {
    [ATTR_SERVER_ADDRESS]: 'example.com',
    [ATTR_SERVER_PORT]: 443,
    [ATTR_URL_SCHEME]: 'https',
  };
  const line = { ...server, [everyConvention.ATTR_NETWORK_PROTOCOL_VERSION]: '2' };
  const inState = (value: string): object => ({
    ...line,
    [everyConvention.ATTR_HTTP_CONNECTION_STATE]: value,
  });
  const attributesOf = (name: string): unknown =>
    collected.get(name)!.dataPoints.map((one) => one.attributes);
  expect(attributesOf(METRIC_HTTP_CLIENT_OPEN_CONNECTIONS)).toEqual([
    inState(everyConvention.HTTP_CONNECTION_STATE_VALUE_ACTIVE),
    inState(everyConvention.HTTP_CONNECTION_STATE_VALUE_IDLE),
  ]);
  expect(attributesOf(METRIC_HTTP_CLIENT_CONNECTION_DURATION)).toEqual([line]);
  expect(attributesOf(METRIC_HTTP_CLIENT_ACTIVE_REQUESTS)).toEqual([
    { ...server, [ATTR_HTTP_REQUEST_METHOD]: everyConvention.HTTP_REQUEST_METHOD_VALUE_GET },
    { ...server, [ATTR_HTTP_REQUEST_METHOD]: everyConvention.HTTP_REQUEST_METHOD_VALUE_OTHER },
  ]);
});

test('every method that the conventions know is told by its name, whatever its case', () => {
  const known = Object.entries(everyConvention)
    .filter(([name]) => name.startsWith('HTTP_REQUEST_METHOD_VALUE_'))
    .map(([, method]) => String(method))
    .filter((method) => method !== everyConvention.HTTP_REQUEST_METHOD_VALUE_OTHER);
  expect(known.length).toBeGreaterThan(8);
  const kit = orders();
  const metrics = new PoolMetrics();
  const requestsByMethod = Object.fromEntries(known.map((method) => [method.toLowerCase(), 1]));
  const origin = { ...kit.pool.stats(), origin: 'http://a.example', protocol: undefined, requestsByMethod };
  metrics.watch({ stats: () => ({ name: 'shop', origins: [origin] }) });
  const [requests] = metrics.read();
  expect(requests!.points.map(({ attributes }) => attributes['http.request.method']).sort()).toEqual(
    known.sort(),
  );
});

/** What is told at one moment. Of durations their count and their sum in seconds. */
interface Told {
  readonly states: Record<string, number>;
  readonly pending: number;
  readonly timeouts: number;
  readonly create: [count: number, sum: number];
  readonly wait: [count: number, sum: number];
  readonly use: [count: number, sum: number];
}

test('the whole set has the values of each moment of a life, and what is being opened is in no state', async () => {
  const kit = orders();
  const { collect } = collecting(toMetricProducer(watched(kit)));
  const told: Told[] = [];
  const look = async (): Promise<void> => {
    const metrics = await collect();
    const value = (name: string): unknown => valuesOf(metrics.get(name))[''];
    const times = (name: string): [number, number] => {
      const { count, sum } = value(name) as { count: number; sum: number };
      return [count, Number(sum.toFixed(9))];
    };
    for (const [name, { dataPoints }] of metrics) {
      const isCount = name === METRIC_DB_CLIENT_CONNECTION_COUNT;
      const keys = isCount ? [poolName, state] : [poolName];
      for (const { attributes } of dataPoints) {
        expect(Object.keys(attributes), name).toEqual(keys);
        expect(attributes[poolName]).toBe('orders');
      }
    }
    expect([METRIC_DB_CLIENT_CONNECTION_LIMIT, METRIC_DB_CLIENT_CONNECTION_MAX].map(value)).toEqual([2, 2]);
    expect([METRIC_DB_CLIENT_CONNECTION_IDLE_MAX, METRIC_DB_CLIENT_CONNECTION_IDLE_MIN].map(value)).toEqual([
      2, 1,
    ]);
    told.push({
      states: valuesOf(metrics.get(METRIC_DB_CLIENT_CONNECTION_COUNT), state) as Told['states'],
      pending: value(METRIC_DB_CLIENT_CONNECTION_PENDING_REQUESTS) as number,
      timeouts: value(METRIC_DB_CLIENT_CONNECTION_TIMEOUTS) as number,
      create: times(METRIC_DB_CLIENT_CONNECTION_CREATE_TIME),
      wait: times(METRIC_DB_CLIENT_CONNECTION_WAIT_TIME),
      use: times(METRIC_DB_CLIENT_CONNECTION_USE_TIME),
    });
  };
  await live(kit, {
    async connecting() {
      expect(kit.pool.stats().opening).toBe(2);
      await look();
    },
    full: look,
    calm: look,
  });
  await look();
  const [idle, used] = [DB_CLIENT_CONNECTION_STATE_VALUE_IDLE, DB_CLIENT_CONNECTION_STATE_VALUE_USED];
  expect(told).toEqual([
    // Two opens of 40 ms are under way, for two callers.
    { states: { [idle]: 0, [used]: 0 }, pending: 2, timeouts: 0, create: [0, 0], wait: [0, 0], use: [0, 0] },
    // Both callers have theirs, and two others wait.
    {
      states: { [idle]: 0, [used]: 2 },
      pending: 2,
      timeouts: 0,
      create: [2, 0.08],
      wait: [2, 0.08],
      use: [0, 0],
    },
    // After 100 ms one lease was passed on, and lasts; after 300 ms the other waiter had enough; after 400 ms the first lease has ended.
    {
      states: { [idle]: 1, [used]: 1 },
      pending: 0,
      timeouts: 1,
      create: [2, 0.08],
      wait: [3, 0.18],
      use: [2, 0.5],
    },
    // So has the one that was passed on, 300 ms old.
    {
      states: { [idle]: 2, [used]: 0 },
      pending: 0,
      timeouts: 1,
      create: [2, 0.08],
      wait: [3, 0.18],
      use: [3, 0.8],
    },
  ]);
});

test('the longest of the durations is told', async () => {
  const kit = orders();
  const { collect } = collecting(toMetricProducer(watched(kit)));
  await live(kit, {});
  const metrics = await collect();
  const longest = (name: string): unknown => valuesOf(metrics.get(prefix + name))[''];
  expect(longest('create_time')).toMatchObject({ max: 0.04 });
  expect(longest('wait_time')).toMatchObject({ max: 0.1 });
  expect(longest('use_time')).toMatchObject({ max: 0.4 });
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
  expect(names).not.toContain(`${prefix}limit`);
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
      [...collected].map(([name, metric]) => [name, [metric.descriptor.unit, typeOf(metric)]]),
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
