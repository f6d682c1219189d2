// The faults' command: plays one of them, or all, and prints how each contender fared.

import type { FaultContender } from './faults/contender.ts';
import { readOptions, USAGE } from './faults/options.ts';
import { type RunReport, reportAll, reportRun } from './faults/report.ts';
import { play } from './faults/run.ts';
import { table } from './faults/table.ts';
import { runCommand } from './harness/command.ts';
import { startProgress } from './harness/progress.ts';
import { serialise } from './harness/results.ts';

async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  if (options === undefined) {
    process.stdout.write(USAGE);
    return;
  }
  const { seconds, json } = options;
  const runs: RunReport[] = [];
  const played = new Set<FaultContender>();
  for (const fault of options.faults) {
    const contenders = fault.contenders.filter((contender) => options.contenders.includes(contender));
    for (const contender of contenders) played.add(contender);
    for (const set of options.limits) {
      const limits = { ...set, ...fault.limits };
      const progress = startProgress(`${fault.name}, ${limits.name}`);
      const run = { fault, limits, contenders, seconds: seconds ?? fault.seconds };
      runs.push(reportRun(run, await play(run, progress.say)));
      progress.done();
    }
  }
  const notes = [...played].flatMap(({ note }) => note ?? []);
  const report = reportAll(runs, notes);
  process.stdout.write(json ? serialise(report) : `${table(report)}\n`);
}

// The servers end with this process, the players when they are left alone.
process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143));
await runCommand(USAGE, main);
