// The figures of all pools at one moment, in no system's own format; equal attributes are added up.

import type { HistogramSnapshot } from '../core/index.ts';
import { definitions, type MetricDefinition } from './definitions.ts';

/** What tells one series of a metric from another. */
export type MetricAttributes = Readonly<Record<string, string | number | boolean>>;

/** Durations in buckets, in seconds. */
export interface Durations {
  readonly count: number;
  readonly sum: number;
  /** The longest one; 0 when there was none. */
  readonly max: number;
  /** By bucket: below the first bound of the metric, between each two, from the last one on. */
  readonly counts: readonly number[];
}

/** One series of a metric with its value now. */
export interface MetricPoint<Value = number | Durations> {
  readonly attributes: MetricAttributes;
  readonly value: Value;
}

/** A metric with its values now. */
export type MetricReading = MetricDefinition &
  (
    | { readonly kind: 'level' | 'total'; readonly points: readonly MetricPoint<number>[] }
    | { readonly kind: 'durations'; readonly points: readonly MetricPoint<Durations>[] }
  );

const msPerSecond = 1000;

/** Collects the figures of one moment. */
export class Sheet {
  readonly #numbers = new Map<string, Map<string, MetricPoint<number>>>();
  readonly #durations = new Map<string, Map<string, MetricPoint<Durations>>>();
  /** One object of attributes serves many series. */
  readonly #keys = new Map<MetricAttributes, string>();

  /** Adds a number to a series. */
  add(metric: MetricDefinition, attributes: MetricAttributes, value: number): void {
    const series = seriesOf(this.#numbers, metric);
    const key = this.#keyOf(attributes);
    series.set(key, { attributes, value: (series.get(key)?.value ?? 0) + value });
  }

  /** Adds durations to a series. */
  addTimes(metric: MetricDefinition, attributes: MetricAttributes, times: HistogramSnapshot): void {
    const series = seriesOf(this.#durations, metric);
    const key = this.#keyOf(attributes);
    const before = series.get(key)?.value;
    const counts = times.counts(metric.bounds.map((bound) => bound * msPerSecond));
    const value = {
      count: times.count + (before?.count ?? 0),
      sum: times.sumMs / msPerSecond + (before?.sum ?? 0),
      max: Math.max(times.maxMs / msPerSecond, before?.max ?? 0),
      counts: counts.map((count, bucket) => count + (before?.counts[bucket] ?? 0)),
    };
    series.set(key, { attributes, value });
  }

  #keyOf(attributes: MetricAttributes): string {
    let key = this.#keys.get(attributes);
    if (key === undefined) {
      key = JSON.stringify(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1)));
      this.#keys.set(attributes, key);
    }
    return key;
  }

  /** Every metric that has values. */
  readings(): MetricReading[] {
    const readings: MetricReading[] = [];
    for (const metric of Object.values(definitions)) {
      const numbers = this.#numbers.get(metric.name);
      const durations = this.#durations.get(metric.name);
      if (numbers !== undefined)
        readings.push({ ...metric, kind: metric.kind as 'level', points: [...numbers.values()] });
      if (durations !== undefined)
        readings.push({ ...metric, kind: 'durations', points: [...durations.values()] });
    }
    return readings;
  }
}

function seriesOf<Value>(
  all: Map<string, Map<string, MetricPoint<Value>>>,
  { name }: MetricDefinition,
): Map<string, MetricPoint<Value>> {
  let series = all.get(name);
  if (series === undefined) {
    series = new Map();
    all.set(name, series);
  }
  return series;
}
