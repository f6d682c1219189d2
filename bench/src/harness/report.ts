// Turns the samples of a race into figures: the document that --json prints and --save keeps.

import type { Metric } from './bench.ts';
import { describeMachine, type Machine } from './machine.ts';
import type { Outcome, Plan, Series } from './race.ts';
import { median, pairedRatio, type Spread, spread } from './statistics.ts';
import { versionOf } from './versions.ts';

export interface Figure extends Spread {
  /** Ratio of the medians to the reference's. */
  readonly ratio?: number;
  /** Median of the ratios round by round. */
  readonly pairedRatio?: number;
  readonly samples: readonly number[];
}

export interface Row {
  readonly contender: string;
  readonly version?: string;
  readonly figures: Readonly<Record<string, Figure>>;
}

export interface Section {
  readonly scenario: string;
  readonly title: string;
  readonly variant?: string;
  readonly rounds: number;
  /** Absent where it is the report's. */
  readonly reference?: string;
  readonly metrics: readonly Metric[];
  readonly rows: readonly Row[];
}

export interface Report {
  readonly bench: string;
  readonly title: string;
  readonly notes: readonly string[];
  readonly machine: Machine;
  readonly facts: Outcome['facts'];
  readonly rounds: number;
  /** Absent where the load sets how long a round takes. */
  readonly roundMs?: number;
  readonly reference: string;
  readonly sections: readonly Section[];
}

export function report(plan: Plan, outcome: Outcome): Report {
  const { bench } = plan;
  const sections: Section[] = [];
  for (const scenario of plan.scenarios) {
    for (const variant of plan.variants) {
      const entered = outcome.series.filter(
        (one) => one.scenario === scenario.name && one.variant === variant.name,
      );
      if (entered.length === 0) continue;
      const metrics = bench.metrics.filter((metric) => scenario.metrics.includes(metric.key));
      const reference = entered.find((one) => one.contender === (scenario.reference ?? bench.reference));
      sections.push({
        scenario: scenario.name,
        title: variant.label === '' ? scenario.title : `${scenario.title} · ${variant.label}`,
        ...(variant.label === '' ? {} : { variant: variant.name }),
        rounds: Math.min(plan.rounds, scenario.maxRounds ?? plan.rounds),
        ...(scenario.reference === undefined ? {} : { reference: scenario.reference }),
        metrics,
        rows: entered.map((one) => row(plan, one, reference, metrics)),
      });
    }
  }
  return {
    bench: bench.name,
    title: bench.title,
    notes: bench.notes,
    machine: describeMachine(),
    facts: outcome.facts,
    rounds: plan.rounds,
    ...(bench.roundMs === undefined ? {} : { roundMs: plan.size.roundMs }),
    reference: bench.reference,
    sections,
  };
}

function row(plan: Plan, one: Series, reference: Series | undefined, metrics: readonly Metric[]): Row {
  const figures: Record<string, Figure> = {};
  for (const metric of metrics) {
    const samples = valuesOf(one, metric);
    // Not every contender can tell every figure: one that can't leaves it out.
    if (samples === undefined) continue;
    const base =
      metric.compare === false || reference === undefined ? undefined : valuesOf(reference, metric);
    figures[metric.key] = {
      ...spread(samples),
      ...(base === undefined ? {} : ratios(samples, base)),
      samples,
    };
  }
  const dependency = plan.contenders.find((contender) => contender.name === one.contender)?.dependency;
  const version = dependency === undefined ? undefined : versionOf(dependency);
  return { contender: one.contender, ...(version === undefined ? {} : { version }), figures };
}

function valuesOf(one: Series, metric: Metric): number[] | undefined {
  const values = one.samples.map((sample) => sample[metric.key]);
  return values.every((value) => value !== undefined) ? values : undefined;
}

function ratios(samples: readonly number[], base: readonly number[]): { ratio: number; pairedRatio: number } {
  return { ratio: median(samples) / median(base), pairedRatio: pairedRatio(samples, base) };
}
