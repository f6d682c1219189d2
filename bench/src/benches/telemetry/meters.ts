// Those who collect metrics at intervals: OpenTelemetry's SDK with an exporter that keeps nothing, and a scrape for Prometheus.

import {
  AggregationTemporality,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { PoolMetrics, toMetricProducer, toPrometheus } from 'openline/telemetry';
import { Registry } from 'prom-client';
import type { MakeWatch } from './watch.ts';

export const openTelemetry: MakeWatch = (tally, everyMs) => ({
  begin(pool) {
    const metrics = new PoolMetrics();
    const watched = metrics.watch(pool);
    const reader = new PeriodicExportingMetricReader({
      exporter: {
        export: (_, done) => {
          tally.collections++;
          done({ code: 0 });
        },
        selectAggregationTemporality: () => AggregationTemporality.CUMULATIVE,
        forceFlush: async () => {},
        shutdown: async () => {},
      },
      exportIntervalMillis: everyMs,
      exportTimeoutMillis: everyMs,
      metricProducers: [toMetricProducer(metrics)],
    });
    const provider = new MeterProvider({ readers: [reader] });
    return async () => {
      await provider.shutdown();
      watched[Symbol.dispose]();
    };
  },
});

export const prometheus: MakeWatch = (tally, everyMs) => ({
  begin(pool) {
    const metrics = new PoolMetrics();
    metrics.watch(pool);
    const registry = new Registry();
    toPrometheus(metrics, registry);
    const timer = setInterval(() => {
      void registry.metrics().then(() => tally.collections++);
    }, everyMs);
    return () => clearInterval(timer);
  },
});
