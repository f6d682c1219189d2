// Runs a command of this workspace: 2 for a command line that can't be followed, 1 for a run that failed.

import { UsageError } from './choice.ts';

export async function runCommand(
  usage: string,
  main: (args: readonly string[]) => Promise<void>,
): Promise<void> {
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    const misused = error instanceof UsageError;
    process.stderr.write(
      misused ? `${error.message}\n\n${usage}` : `${error instanceof Error ? error.stack : error}\n`,
    );
    process.exitCode = misused ? 2 : 1;
  }
}
