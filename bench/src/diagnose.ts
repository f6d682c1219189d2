// The diagnosis's command: plants causes from seeds, asks what is wrong, and prints who was named for what.

import { readOptions, USAGE } from './diagnosis/options.ts';
import { plantsOf, play, type Run } from './diagnosis/play.ts';
import { table } from './diagnosis/table.ts';
import { tally } from './diagnosis/tally.ts';
import { runCommand } from './harness/command.ts';
import { startProgress } from './harness/progress.ts';
import { serialise } from './harness/results.ts';

async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  if (options === undefined) {
    process.stdout.write(USAGE);
    return;
  }
  const runs: Run[] = [];
  const progress = startProgress('diagnose');
  for (let seed = options.from; seed < options.from + options.seeds; seed++) {
    progress.say(`seed ${seed}`);
    const { planted, healthy, mixed } = plantsOf(seed);
    for (const plants of [[planted], [healthy], mixed]) runs.push(await play(seed, plants));
  }
  progress.done();
  const result = tally(runs);
  process.stdout.write(options.json ? serialise(result) : `${table(result, options)}\n`);
}

await runCommand(USAGE, main);
