// The command line of the diagnosis.

import { parseArgs } from 'node:util';
import { UsageError } from '../harness/choice.ts';

export interface Options {
  readonly seeds: number;
  readonly from: number;
  readonly json: boolean;
}

/** Seeds up to here were looked at while the judges were made: they prove nothing. */
export const lastSeedBuiltWith = 1_000;

export const USAGE: string = `npm run diagnose -- [options]

Plants what can go wrong with a pool, one cause, none, and two at once for each seed, asks what is wrong, and tells how often the answer was right.
Everything runs on a clock of its own: a minute of a pool's life takes a fraction of a second.

  --seeds N   how many seeds; 20 unless said
  --from N    the first seed; 100000 unless said. Those up to ${lastSeedBuiltWith} were used while building
  --json      print the figures as one JSON document, and nothing else, on stdout
  --help      this text
`;

/** Reads the arguments; undefined asks for the usage text. */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parse(args);
  if (values.help === true) return undefined;
  return {
    seeds: whole('--seeds', values.seeds ?? '20'),
    from: whole('--from', values.from ?? '100000'),
    json: values.json === true,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        json: { type: 'boolean' },
        seeds: { type: 'string' },
        from: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function whole(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new UsageError(`${name} is ${text}: give a whole number from 1`);
  return value;
}
