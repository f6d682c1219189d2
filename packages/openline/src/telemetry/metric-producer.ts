// Hands OpenTelemetry's SDK the figures of the pools ready-made, histograms too: a MetricProducer, which a metric reader asks at each collection.

import type { Attributes, HrTime, ValueType } from '@opentelemetry/api';
import type { PoolMetrics } from './pool-metrics.ts';
import type { Durations, MetricPoint, MetricReading } from './sheet.ts';

// The numbers of the SDK's enumerations, which is not imported for them.
const cumulative = 1;
const dataPointType = { histogram: 0, sum: 3 } as const;
const valueType: { readonly int: ValueType.INT; readonly double: ValueType.DOUBLE } = { int: 0, double: 1 };

/** A histogram as the SDK has it. */
export interface ProducedHistogram {
  readonly buckets: { boundaries: number[]; counts: number[] };
  readonly sum: number;
  readonly count: number;
  readonly max?: number;
}

/** One series of a metric as the SDK has it. */
export interface ProducedPoint<Value> {
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly attributes: Attributes;
  readonly value: Value;
}

interface ProducedBase {
  readonly descriptor: {
    readonly name: string;
    readonly description: string;
    readonly unit: string;
    readonly valueType: ValueType;
  };
  readonly aggregationTemporality: 1;
}

/** A metric as the SDK has it. */
export type ProducedMetric = ProducedBase &
  (
    | { readonly dataPointType: 0; readonly dataPoints: ProducedPoint<ProducedHistogram>[] }
    | {
        readonly dataPointType: 3;
        readonly dataPoints: ProducedPoint<number>[];
        readonly isMonotonic: boolean;
      }
  );

/** The SDK's resource. Readers take that of their own provider in its place. */
export interface ProducedResource {
  readonly attributes: Attributes;
  merge<Other>(other: Other | null): Other;
  getRawAttributes(): [string, undefined][];
}

/** What a collection brings. */
export interface ProducedCollection {
  readonly resourceMetrics: {
    readonly resource: ProducedResource;
    readonly scopeMetrics: {
      readonly scope: { readonly name: string };
      readonly metrics: ProducedMetric[];
    }[];
  };
  readonly errors: unknown[];
}

/** As `MetricProducer` of `@opentelemetry/sdk-metrics`. */
export interface PoolMetricProducer {
  collect(): Promise<ProducedCollection>;
}

/**
 * The whole set of metrics for a reader of `@opentelemetry/sdk-metrics` 2 or later. Values are cumulative since the pool was made.
 * The buckets are exact: their bounds are bounds of the pools' own histograms, and a duration equal to a bound counts above it.
 *
 * @example
 * ```ts
 * const metrics = new PoolMetrics();
 * const reader = new PeriodicExportingMetricReader({ exporter, metricProducers: [toMetricProducer(metrics)] });
 * metrics.watch(pool);
 * ```
 */
export function toMetricProducer(metrics: PoolMetrics): PoolMetricProducer {
  return {
    async collect() {
      const startTime = hrTime(metrics.sinceMs);
      const endTime = hrTime(Date.now());
      const produced = metrics.read().map((reading) => produce(reading, startTime, endTime));
      return {
        resourceMetrics: {
          resource: noResource,
          scopeMetrics: produced.length === 0 ? [] : [{ scope: { name: 'openline' }, metrics: produced }],
        },
        errors: [],
      };
    },
  };
}

const noResource: ProducedResource = {
  attributes: {},
  merge<Other>(other: Other | null): Other {
    return other ?? (noResource as Other);
  },
  getRawAttributes: () => [],
};

function hrTime(ms: number): HrTime {
  return [Math.trunc(ms / 1000), (ms % 1000) * 1e6];
}

function produce(reading: MetricReading, startTime: HrTime, endTime: HrTime): ProducedMetric {
  const { name, description, unit, bounds } = reading;
  const isHistogram = reading.kind === 'durations';
  const point = <Value>({ attributes }: MetricPoint, value: Value): ProducedPoint<Value> => ({
    startTime,
    endTime,
    attributes: { ...attributes },
    value,
  });
  const base = {
    descriptor: { name, description, unit, valueType: isHistogram ? valueType.double : valueType.int },
    aggregationTemporality: cumulative,
  } as const;
  return isHistogram
    ? {
        ...base,
        dataPointType: dataPointType.histogram,
        dataPoints: reading.points.map((each) => point(each, histogram(each.value, bounds))),
      }
    : {
        ...base,
        dataPointType: dataPointType.sum,
        isMonotonic: reading.kind === 'total',
        dataPoints: reading.points.map((each) => point(each, each.value)),
      };
}

function histogram({ count, sum, max, counts }: Durations, bounds: readonly number[]): ProducedHistogram {
  const buckets = { boundaries: [...bounds], counts: [...counts] };
  return count === 0 ? { buckets, sum, count } : { buckets, sum, count, max };
}
