// The diagnosis's command: plants causes from seeds, asks what is wrong, and prints who was named for what.

import { type Options, readOptions, USAGE } from './diagnosis/options.ts';
import { plantsOf, play } from './diagnosis/play.ts';
import { playAll, tasksOf } from './diagnosis/real/crew.ts';
import { reportOf } from './diagnosis/report.ts';
import type { Run } from './diagnosis/run.ts';
import { table } from './diagnosis/table.ts';
import { isRight, tally, told } from './diagnosis/tally.ts';
import { runCommand } from './harness/command.ts';
import { type Progress, startProgress } from './harness/progress.ts';
import { saveAs, serialise } from './harness/results.ts';

async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  if (options === undefined) {
    process.stdout.write(USAGE);
    return;
  }
  const progress = startProgress('diagnose');
  const runs = await (options.simulated ? simulate : playReal)(options, progress);
  progress.done();
  const result = tally(runs);
  if (options.save) {
    const file = await saveAs('diagnosis', reportOf(result, options));
    process.stderr.write(`saved in ${file}\n`);
  }
  process.stdout.write(options.json ? serialise(result) : `${table(result, options)}\n`);
}

async function simulate({ from, seeds }: Options, progress: Progress): Promise<Run[]> {
  const runs: Run[] = [];
  for (let seed = from; seed < from + seeds; seed++) {
    progress.say(`seed ${seed}`);
    const { planted, healthy, mixed } = plantsOf(seed);
    for (const plants of [[planted], [healthy], mixed]) runs.push(await play(seed, plants));
  }
  return runs;
}

async function playReal(options: Options, progress: Progress): Promise<Run[]> {
  // Servers end with a process that ends in an orderly way.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  const tasks = tasksOf(options.from, options.seeds, options.only);
  let wrong = 0;
  return playAll(
    tasks,
    options,
    (line) => progress.say(line),
    (run, count) => {
      if (!isRight(run)) {
        wrong++;
        progress.say(`wrong: ${told(run)}`);
      }
      progress.say(`${count} of ${tasks.length} runs, ${wrong} of them wrong`);
    },
  );
}

await runCommand(USAGE, main);
