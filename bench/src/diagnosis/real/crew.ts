// Plays many runs on real servers, several at a time, each in a process of its own.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Run } from '../run.ts';
import type { Places } from './places.ts';
import type { Need, Plant } from './plant.ts';
import { type Kind, plantsOf } from './play.ts';
import type { Order } from './run-process.ts';
import { openSite } from './site.ts';

const ENTRY: string = fileURLToPath(new URL('./run-process.js', import.meta.url));
/** A run of some seconds takes no longer, whatever the machine has to do. */
const PATIENCE_MS = 90_000;

/** A process that waits longer for a core, as a share of the time, is late because of its neighbours: its run says nothing of the diagnosis. */
const MOST_DISTURBED = 0.25;

/** A run that is to be played. */
interface Task {
  readonly seed: number;
  readonly kind: Kind;
  readonly needs: readonly Need[];
}

/** The runs of these seeds: for each one planted cause and one healthy service, for every second one a pair. */
export function tasksOf(from: number, seeds: number, only?: string): readonly Task[] {
  const kinds: readonly Kind[] = ['planted', 'healthy', 'mixed'];
  return Array.from({ length: seeds }, (_, at) => from + at).flatMap((seed) =>
    kinds
      .filter((kind) => isWanted(plantsOf(seed, kind), only))
      .map((kind) => ({
        seed,
        kind,
        needs: plantsOf(seed, kind).flatMap(({ needs }) => needs ?? []),
      })),
  );
}

const isWanted = (plants: readonly Plant[], only: string | undefined): boolean =>
  only === undefined ? plants.length > 0 : plants.length === 1 && plants[0]?.cause === only;

/**
 * @param parallel - so many runs at a time
 * @param times - so often a run is played at the most, while the machine has no time for it
 * @param told - called with each run when it is over
 */
export async function playAll(
  tasks: readonly Task[],
  { parallel, times }: { readonly parallel: number; readonly times: number },
  progress: (line: string) => void,
  told: (run: Run, count: number) => void,
): Promise<Run[]> {
  const site = await openSite(progress);
  try {
    const runs: Run[] = [];
    const left = [...tasks];
    const taken = new Set<Need>();
    /** How often each has been played. */
    const before = new Map<Task, number>();
    const lane = async (): Promise<void> => {
      while (left.length > 0) {
        const at = left.findIndex(({ needs }) => !needs.some((need) => taken.has(need)));
        // What is left needs what another lane has: that lane plays it too.
        if (at < 0) return;
        const [task] = left.splice(at, 1) as [Task];
        for (const need of task.needs) taken.add(need);
        const run = await playApart(task, site.places);
        for (const need of task.needs) taken.delete(need);
        const played = (before.get(task) ?? 0) + 1;
        before.set(task, played);
        if (played < times && (run.disturbedShare ?? 0) > MOST_DISTURBED) {
          // Whatever came of it: after the others, when the machine may have time.
          left.push(task);
          continue;
        }
        runs.push({ ...run, times: played });
        told(run, runs.length);
      }
    };
    await Promise.all(Array.from({ length: parallel }, lane));
    return runs.sort((a, b) => a.seed - b.seed);
  } finally {
    await site.close();
  }
}

async function playApart({ seed, kind }: Task, places: Places): Promise<Run> {
  // In a session of its own a busy machine gives it its own share of the cores.
  const child = fork(ENTRY, [], { execArgv: [], stdio: ['ignore', 2, 2, 'ipc'], detached: true });
  const exited = once(child, 'exit');
  const late = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  const order: Order = { seed, kind, places };
  child.send(order);
  const run = await Promise.race([
    once(child, 'message').then(([said]) => said as Run),
    exited.then(([code, signal]): Run => failed({ seed, kind }, `its process ended with ${signal ?? code}`)),
  ]);
  if (child.connected) child.disconnect();
  await exited;
  clearTimeout(late);
  return run;
}

function failed({ seed, kind }: Pick<Task, 'seed' | 'kind'>, failure: string): Run {
  const plants = plantsOf(seed, kind);
  return {
    seed,
    planted: plants.map(({ cause }) => cause),
    variant: plants.map(({ variant }) => variant).join(' + '),
    diagnosis: undefined,
    failure,
  };
}
