// Runs a bench: every contender alive in its own process, and the rounds interleaved, so that a slow minute of the
// machine meets all of them alike.

import type { Arena, Bench, Contender, Sample, Scenario, Size, Variant } from './bench.ts';
import { WorkerProcess } from './worker-process.ts';

export interface Plan {
  readonly bench: Bench;
  readonly rounds: number;
  readonly size: Size;
  readonly contenders: readonly Contender[];
  readonly scenarios: readonly Scenario[];
  readonly variants: readonly Variant[];
}

/** What one contender did in one scenario, a sample a round. */
export interface Series {
  readonly scenario: string;
  readonly variant: string;
  readonly contender: string;
  readonly samples: Sample[];
}

export interface Outcome {
  readonly series: readonly Series[];
  readonly facts: Arena['facts'];
}

export const PLAIN: Variant = { name: 'plain', label: '' };

export async function race(plan: Plan, progress: (line: string) => void): Promise<Outcome> {
  const { bench, rounds, size } = plan;
  const workers: WorkerProcess[] = [];
  const stop = (): void => {
    for (const worker of workers) worker.kill();
  };
  // The pending request then fails, and the arena is closed on the way out.
  process.once('SIGINT', stop).once('SIGTERM', stop);
  let arena: Arena | undefined;
  try {
    if (bench.setUp !== undefined) {
      progress('preparing');
      arena = await bench.setUp(size, progress);
    }
    progress('starting the contenders');
    for (const variant of plan.variants) {
      for (const contender of plan.contenders) {
        workers.push(new WorkerProcess(contender.name, variant.name, bench, arena?.env));
      }
    }
    const access = arena?.access ?? null;
    await Promise.all(
      workers.map(async (worker) => {
        await worker.enter(bench, { contender: worker.contender, variant: worker.variant, size, access });
      }),
    );
    for (const scenario of plan.scenarios) {
      for (const worker of workers) {
        if (!enters(scenario, worker)) continue;
        progress(`warming up: ${scenario.name}, ${worker.contender}`);
        await worker.warmUp(scenario);
      }
    }
    const series = await interleave(plan.scenarios, workers, rounds, progress);
    for (const worker of workers) await worker.close();
    return { series, facts: arena?.facts ?? {} };
  } finally {
    stop();
    process.off('SIGINT', stop).off('SIGTERM', stop);
    await arena?.close();
  }
}

async function interleave(
  scenarios: readonly Scenario[],
  workers: readonly WorkerProcess[],
  rounds: number,
  progress: (line: string) => void,
): Promise<Series[]> {
  const series = new Map<string, Series>();
  for (let round = 0; round < rounds; round++) {
    for (const scenario of scenarios) {
      if (round >= (scenario.maxRounds ?? rounds)) continue;
      progress(`round ${round + 1} of ${rounds}: ${scenario.name}`);
      for (const worker of rotated(workers, round)) {
        if (!enters(scenario, worker)) continue;
        const { contender, variant } = worker;
        const key = JSON.stringify([scenario.name, variant, contender]);
        let one = series.get(key);
        if (one === undefined) {
          one = { scenario: scenario.name, variant, contender, samples: [] };
          series.set(key, one);
        }
        one.samples.push(await worker.run(scenario));
      }
    }
  }
  return [...series.values()];
}

function enters(scenario: Scenario, worker: WorkerProcess): boolean {
  return scenario.contenders?.includes(worker.contender) ?? true;
}

/** Each round begins with another contender, so that none always runs in the wake of the same state of the machine. */
function rotated<T>(list: readonly T[], by: number): T[] {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}
