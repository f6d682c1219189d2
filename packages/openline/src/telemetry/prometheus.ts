// Shows the figures to a registry of prom-client, under the names that OpenTelemetry's rules for Prometheus give them; read at each scrape.

import { definitions, type MetricDefinition } from './definitions.ts';
import type { PoolMetrics } from './pool-metrics.ts';
import type { Durations, MetricAttributes, MetricPoint, MetricReading } from './sheet.ts';

/** What is needed of a registry of prom-client. Its own types are not imported, so that those who do not have it miss nothing. */
export interface PrometheusRegistry {
  // biome-ignore lint/suspicious/noExplicitAny: a union of prom-client's classes.
  registerMetric(metric: any): void;
  removeSingleMetric(name: string): void;
}

/** A value as prom-client's registry reads it. */
interface PrometheusValue {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

const types = { level: 'gauge', total: 'counter', durations: 'histogram' } as const;

/** The name of a metric in Prometheus: `db.client.connection.wait_time` is `db_client_connection_wait_time_seconds`. @internal */
export function prometheusName({ name, kind }: MetricDefinition): string {
  const endings = { level: '', total: '_total', durations: '_seconds' };
  return `${name.replaceAll('.', '_')}${endings[kind]}`;
}

/**
 * Shows all metrics in a registry of prom-client 15 or later, such as its default one, `register`.
 *
 * @returns what takes them out again.
 * @throws Error of prom-client's where one of the names is taken in this registry.
 *
 * @example
 * ```ts
 * import { register } from 'prom-client';
 *
 * const metrics = new PoolMetrics();
 * metrics.watch(pool);
 * toPrometheus(metrics, register);
 * console.log(await register.metrics());
 * ```
 */
export function toPrometheus(metrics: PoolMetrics, registry: PrometheusRegistry): Disposable {
  const read = oncePerTurn(() => metrics.read());
  const names: string[] = [];
  const takeOut = (): void => {
    for (const name of names.splice(0)) registry.removeSingleMetric(name);
  };
  try {
    for (const definition of Object.values(definitions)) {
      const shown = new ShownMetric(definition, () => read().find(({ name }) => name === definition.name));
      registry.registerMetric(shown);
      names.push(shown.name);
    }
  } catch (error) {
    takeOut();
    throw error;
  }
  return { [Symbol.dispose]: takeOut };
}

/** A registry asks each metric by itself, all in one go: the pools need not be read anew for each. */
function oncePerTurn<T>(read: () => T): () => T {
  let last: { readonly value: T } | undefined;
  return () => {
    if (last === undefined) {
      last = { value: read() };
      queueMicrotask(() => {
        last = undefined;
      });
    }
    return last.value;
  };
}

/** One metric as a registry sees it. */
class ShownMetric {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter' | 'histogram';
  /** How prom-client adds up the processes of a cluster. */
  readonly aggregator = 'sum';
  readonly #reading: () => MetricReading | undefined;

  constructor(definition: MetricDefinition, reading: () => MetricReading | undefined) {
    this.name = prometheusName(definition);
    this.help = definition.description;
    this.type = types[definition.kind];
    this.#reading = reading;
  }

  async get(): Promise<object> {
    const { name, help, type, aggregator } = this;
    return { name, help, type, aggregator, values: this.#values() };
  }

  /** The figures are the pools': they go on. */
  reset(): void {}

  #values(): PrometheusValue[] {
    const reading = this.#reading();
    if (reading === undefined) return [];
    return reading.kind === 'durations'
      ? reading.points.flatMap((point) => this.#durations(point, reading.bounds))
      : reading.points.map(({ attributes, value }) => ({
          metricName: this.name,
          labels: labelsOf(attributes),
          value,
        }));
  }

  #durations({ attributes, value }: MetricPoint<Durations>, bounds: readonly number[]): PrometheusValue[] {
    const labels = labelsOf(attributes);
    let below = 0;
    const buckets = value.counts.map((count, index) => {
      below += count;
      const le = bounds[index] ?? '+Inf';
      return { metricName: `${this.name}_bucket`, labels: { le, ...labels }, value: below };
    });
    return [
      ...buckets,
      { metricName: `${this.name}_sum`, labels, value: value.sum },
      { metricName: `${this.name}_count`, labels, value: value.count },
    ];
  }
}

function labelsOf(attributes: MetricAttributes): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      name.replace(/[^a-zA-Z0-9_]/g, '_'),
      typeof value === 'boolean' ? String(value) : value,
    ]),
  );
}
