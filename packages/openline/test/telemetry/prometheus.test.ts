// Prometheus scrapes the same figures, as text that its own rules can read.

import { PoolMetrics, toPrometheus } from 'openline/telemetry';
import { Counter, Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { live, orders } from './life.ts';
import { parseText } from './prometheus-text.ts';

const pool = 'db_client_connection_pool_name="orders"';

describe('a registry', () => {
  test('has every metric of a life, by the names of OpenTelemetry’s rules', async () => {
    const { registry, kit } = shown();
    await live(kit, {});
    const { types, values } = parseText(await registry.metrics());
    expect(types).toEqual({
      db_client_connection_count: 'gauge',
      db_client_connection_idle_max: 'gauge',
      db_client_connection_idle_min: 'gauge',
      db_client_connection_limit: 'gauge',
      db_client_connection_max: 'gauge',
      db_client_connection_pending_requests: 'gauge',
      db_client_connection_timeouts_total: 'counter',
      db_client_connection_create_time_seconds: 'histogram',
      db_client_connection_wait_time_seconds: 'histogram',
      db_client_connection_use_time_seconds: 'histogram',
      http_client_open_connections: 'gauge',
      http_client_connection_duration_seconds: 'histogram',
      http_client_active_requests: 'gauge',
    });
    expect(values).toMatchObject({
      [`db_client_connection_count{${pool},db_client_connection_state="idle"}`]: 2,
      [`db_client_connection_count{${pool},db_client_connection_state="used"}`]: 0,
      [`db_client_connection_max{${pool}}`]: 2,
      [`db_client_connection_timeouts_total{${pool}}`]: 1,
      [`db_client_connection_wait_time_seconds_sum{${pool}}`]: 0.18,
      [`db_client_connection_wait_time_seconds_count{${pool}}`]: 3,
    });
  });

  test('sees the connections as they are at the scrape, connecting in no state', async () => {
    const { registry, kit } = shown();
    const seen: number[][] = [];
    const look = async (): Promise<void> => {
      const { values } = parseText(await registry.metrics());
      seen.push(
        ['idle', 'used'].map(
          (state) => values[`db_client_connection_count{${pool},db_client_connection_state="${state}"}`]!,
        ),
      );
    };
    await live(kit, { connecting: look, full: look, calm: look });
    expect(seen).toEqual([
      [0, 0],
      [0, 2],
      [1, 1],
    ]);
  });

  test('has buckets that only grow, up to the count', async () => {
    const { registry, kit } = shown();
    await live(kit, {});
    const { values } = parseText(await registry.metrics());
    const buckets = Object.entries(values)
      .filter(([name]) => name.startsWith('db_client_connection_use_time_seconds_bucket'))
      .map(([name, value]) => [Number(/le="([^"]+)"/.exec(name)![1]!.replace('+Inf', 'Infinity')), value]);
    const expected = buckets.map(([bound]) => [
      bound,
      [0.1, 0.3, 0.4].filter((seconds) => seconds < bound!).length,
    ]);
    expect(buckets).toEqual(expected);
    expect(buckets.at(-1)).toEqual([Number.POSITIVE_INFINITY, 3]);
  });

  test('keeps its own metrics when the pools’ are taken out, or cannot come in', async () => {
    const registry = new Registry();
    const metrics = new PoolMetrics();
    const taken = new Counter({
      name: 'db_client_connection_timeouts_total',
      help: 'another',
      registers: [registry],
    });
    taken.inc(7);
    const names = (): string[] => registry.getMetricsAsArray().map(({ name }) => name);
    expect(() => toPrometheus(metrics, registry)).toThrow('db_client_connection_timeouts_total');
    expect(names()).toEqual(['db_client_connection_timeouts_total']);
    registry.clear();
    const registered = toPrometheus(metrics, registry);
    expect(names()).toHaveLength(13);
    registered[Symbol.dispose]();
    expect(names()).toEqual([]);
  });

  test('reads each pool once for a scrape', async () => {
    const { registry, kit, metrics } = shown();
    let reads = 0;
    metrics.watch({
      stats: () => {
        reads++;
        return kit.pool.stats();
      },
    });
    await registry.metrics();
    await registry.getMetricsAsJSON();
    expect(reads).toBe(2);
  });
});

test('labels are quoted where a name has quotes', async () => {
  const { registry, metrics } = shown();
  metrics.watch(orders('a "quoted"\nname').pool);
  const { values } = parseText(await registry.metrics());
  expect(values).toHaveProperty([
    'db_client_connection_max{db_client_connection_pool_name="a \\"quoted\\"\\nname"}',
  ]);
});

function shown(): { registry: Registry; metrics: PoolMetrics; kit: ReturnType<typeof orders> } {
  const kit = orders();
  const metrics = new PoolMetrics();
  metrics.watch(kit.pool);
  const registry = new Registry();
  toPrometheus(metrics, registry);
  return { registry, metrics, kit };
}
