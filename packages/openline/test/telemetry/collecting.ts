// OpenTelemetry's SDK with an exporter in memory, and its figures by name.
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  type MetricProducer,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { onTestFinished } from 'vitest';

/** What the exporter has seen. */
export interface Collecting {
  readonly provider: MeterProvider;
  /** Collects once, and returns what came: by the metric's name. */
  collect(): Promise<Map<string, MetricData>>;
}

/** An SDK whose reader also asks `producers`. */
export function collecting(...producers: MetricProducer[]): Collecting {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({
    exporter,
    // The tests collect by themselves.
    exportIntervalMillis: 2 ** 30,
    exportTimeoutMillis: 10_000,
    metricProducers: producers,
  });
  const provider = new MeterProvider({ readers: [reader] });
  onTestFinished(() => provider.shutdown());
  return {
    provider,
    async collect() {
      exporter.reset();
      await reader.forceFlush();
      const metrics = exporter
        .getMetrics()
        .flatMap(({ scopeMetrics }) => scopeMetrics)
        .flatMap((scope) => scope.metrics);
      return new Map(metrics.map((metric) => [metric.descriptor.name, metric]));
    },
  };
}

/** The values of a metric by the value of one attribute, or under an empty name. */
export function valuesOf(metric: MetricData | undefined, attribute = ''): Record<string, unknown> {
  return Object.fromEntries(
    (metric?.dataPoints ?? []).map(({ attributes, value }) => [String(attributes[attribute] ?? ''), value]),
  );
}
