// The command `openline lab`: its options and what they mean.
import { Command, InvalidArgumentError, Option } from 'commander';
import { runLab } from './run.ts';
import { defaultPort, type LabSettings } from './settings.ts';

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`);
  };
}

const afterHelp = `
The lab starts a small orders service with a database and a neighbour reached over HTTPS, puts load on it,
first with a connection per request and then with pooled connections, and prints the difference.
Then the service stays up under light load, with a page that shows its pools, until Ctrl-C. Beside it, on the next
port, is a dashboard with things to break: leak a connection, slow the queries, kill the database, make the network
silent, too large a pool, a traffic spike. It names the cause, and shows what your code would have to change.

The database is a throwaway PostgreSQL 18 of the lab's own. DATABASE_URL puts one of yours in its place: the lab
makes a schema openline_lab there, opens hundreds of connections a second, and drops the schema at the end. What is
broken is never yours: that has a throwaway PostgreSQL in any case.

Examples:
  npm start                                   everything, with the defaults
  npm start -- --once                         ends after the comparison
  npm start -- --once --json > figures.json   the comparison as JSON
  npm start -- --port 8080 --callers 50 --max 20`;

type Options = Omit<LabSettings, 'once' | 'json'> & { once?: boolean; json?: boolean };

/** Makes the command. `onEnd` is given the status to exit with. */
export function labCommand(onEnd: (status: number) => void): Command {
  return new Command('lab')
    .description('show pooled connections at work: a service under load, with and without them')
    .option('--once', 'end after the comparison')
    .option('--json', 'print the comparison as JSON')
    .addOption(
      new Option(
        '--port <number>',
        `port of the service and its page (default: ${defaultPort}, or any if it is taken)`,
      ).argParser(wholeNumber(0, 65_535)),
    )
    .option('--seconds <number>', 'how long each service is measured', wholeNumber(1, 600), 8)
    .option('--callers <number>', 'callers that ask all the time', wholeNumber(1, 1_000), 20)
    .option('--max <number>', 'most connections of each pool', wholeNumber(1, 200), 10)
    .addHelpText('after', afterHelp)
    .action(async ({ once = false, json = false, port, seconds, callers, max }: Options) => {
      onEnd(await runLab({ once, json, port, seconds, callers, max }));
    });
}
