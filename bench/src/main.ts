// The benches' command: runs one of them and prints its figures.

import { loadBench } from './benches/index.ts';
import { runCommand } from './harness/command.ts';
import { readOptions, USAGE } from './harness/options.ts';
import { plan } from './harness/plan.ts';
import { startProgress } from './harness/progress.ts';
import { race } from './harness/race.ts';
import { report } from './harness/report.ts';
import { saveReport, serialise } from './harness/results.ts';
import { table } from './harness/table.ts';

async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  if (options === undefined) {
    process.stdout.write(USAGE);
    return;
  }
  const course = plan(await loadBench(options.name), options);
  const progress = startProgress(options.name);
  const outcome = await race(course, progress.say);
  progress.done();
  const figures = report(course, outcome);
  process.stdout.write(options.json ? serialise(figures) : `${table(figures)}\n`);
  if (options.save) process.stderr.write(`kept in ${await saveReport(figures)}\n`);
}

await runCommand(USAGE, main);
