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

type Value = number | Durations;

/** Collects the figures of one moment. */
export class Sheet {
  /** By the metric's name, then by the attributes. */
  readonly #points = new Map<string, Map<string, MetricPoint<Value>>>();
  /** One object of attributes serves many series. */
  readonly #keys = new Map<MetricAttributes, string>();

  /** Adds a number to a series. */
  add({ name }: MetricDefinition, attributes: MetricAttributes, value: number): void {
    this.#add(name, this.#keyOf(attributes), { attributes, value });
  }

  /** Adds durations to a series. */
  addTimes({ name, bounds }: MetricDefinition, attributes: MetricAttributes, times: HistogramSnapshot): void {
    const value = {
      count: times.count,
      sum: times.sumMs / msPerSecond,
      max: times.maxMs / msPerSecond,
      counts: times.counts(bounds.map((bound) => bound * msPerSecond)),
    };
    this.#add(name, this.#keyOf(attributes), { attributes, value });
  }

  /** Adds all that is on another sheet. */
  addAll(other: Sheet): void {
    for (const [name, series] of other.#points)
      for (const [key, point] of series) this.#add(name, key, point);
  }

  /**
   * Adds what has left: it was counted, and a sum that falls would be taken for one that began anew.
   *
   * @returns what of it is in a series that is here; the rest need not be remembered, its series having ended.
   */
  addLeft(left: Sheet): Sheet {
    const kept = new Sheet();
    for (const [name, key, point] of left.#growing()) {
      if (this.#points.get(name)?.has(key) !== true) continue;
      this.#add(name, key, point);
      kept.#add(name, key, point);
    }
    return kept;
  }

  /** Whether something that only grows is smaller than it was: what it is read of is another one now. */
  isBehind(before: Sheet): boolean {
    for (const [name, key, { value }] of before.#growing())
      if (countOf(this.#points.get(name)?.get(key)?.value) < countOf(value)) return true;
    return false;
  }

  *#growing(): Generator<[name: string, key: string, point: MetricPoint<Value>]> {
    for (const { name, kind } of Object.values(definitions))
      if (kind !== 'level') for (const [key, point] of this.#points.get(name) ?? []) yield [name, key, point];
  }

  #add(name: string, key: string, { attributes, value }: MetricPoint<Value>): void {
    let series = this.#points.get(name);
    if (series === undefined) {
      series = new Map();
      this.#points.set(name, series);
    }
    const before = series.get(key);
    series.set(key, { attributes, value: before === undefined ? value : sumOf(before.value, value) });
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
      const series = this.#points.get(metric.name);
      if (series !== undefined) readings.push({ ...metric, points: [...series.values()] } as MetricReading);
    }
    return readings;
  }
}

function countOf(value: Value | undefined): number {
  return typeof value === 'object' ? value.count : (value ?? 0);
}

/** Of two values of one metric. */
function sumOf(one: Value, other: Value): Value {
  if (typeof one === 'number' || typeof other === 'number') return (one as number) + (other as number);
  return {
    count: one.count + other.count,
    sum: one.sum + other.sum,
    max: Math.max(one.max, other.max),
    counts: one.counts.map((count, bucket) => count + other.counts[bucket]!),
  };
}
