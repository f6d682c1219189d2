// The public surface of the telemetry.

export type { MetricDefinition, MetricKind } from './definitions.ts';
export type { LoggedPool } from './exhaustion.ts';
export { type Logger, type LogOptions, logPools } from './log.ts';
export { toMeter } from './meter.ts';
export {
  type PoolMetricProducer,
  type ProducedCollection,
  type ProducedHistogram,
  type ProducedMetric,
  type ProducedPoint,
  type ProducedResource,
  toMetricProducer,
} from './metric-producer.ts';
export { PoolMetrics } from './pool-metrics.ts';
export { type PrometheusRegistry, toPrometheus } from './prometheus.ts';
export type { Durations, MetricAttributes, MetricPoint, MetricReading } from './sheet.ts';
export { acquireSpans, type SpanOptions } from './spans.ts';
export type { OriginFigures, WatchedPool, WatchOptions } from './watched.ts';
