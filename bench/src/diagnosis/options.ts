// The command line of the diagnosis.

import { parseArgs } from 'node:util';
import { UsageError } from '../harness/choice.ts';

export interface Options {
  readonly seeds: number;
  readonly from: number;
  readonly json: boolean;
  /** Whether the servers, the callers and the time are simulated. */
  readonly simulated: boolean;
  /** Runs on real servers at a time. */
  readonly parallel: number;
  /** How often a run is played at the most, while the machine has no time for it. */
  readonly times: number;
  /** Whether the figures are kept beside the source. */
  readonly save: boolean;
  /** Only runs that plant this cause. */
  readonly only: string | undefined;
}

/** Seeds up to here were looked at while the judges were made: they prove nothing. */
export const lastSeedBuiltWith = { simulated: 1_000, real: 99_999 } as const;

/** The runs mostly wait; but on two cores more than these would wait for each other. */
const defaultParallel = 4;
/** A machine that is never quiet is taken as it is. */
const defaultTimes = 3;

export const USAGE: string = `npm run diagnose -- [options]

Plants what can go wrong with a pool, one cause, none, and (for every second seed) two at once, asks what is wrong, and tells how often the answer was right.
Each run is a service in a process of its own, for five to seven seconds, on real PostgreSQL servers that the command starts: some 4 s for each seed.

  --seeds N     how many seeds; 20 unless said
  --from N      the first seed; 100000 unless said. Those up to ${lastSeedBuiltWith.real} (simulated: ${lastSeedBuiltWith.simulated}) were used while building
  --parallel N  how many runs at a time; ${defaultParallel} unless said
  --times N     how often a run is played at the most, while its process waits too long for a core of the machine; ${defaultTimes} unless said
  --only CAUSE  only the runs on real servers with this planted cause, alone
  --simulated   no servers, and a clock of its own instead: a minute of a pool's life takes a fraction of a second
  --save        keep the figures of the real servers in bench/results/diagnosis.json
  --json        print the figures as one JSON document, and nothing else, on stdout
  --help        this text
`;

/** Reads the arguments; undefined asks for the usage text. */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parse(args);
  if (values.help === true) return undefined;
  if (values.save === true && values.simulated === true)
    throw new UsageError('--save keeps what real servers showed: not with --simulated');
  return {
    seeds: whole('--seeds', values.seeds ?? '20'),
    from: whole('--from', values.from ?? '100000'),
    json: values.json === true,
    simulated: values.simulated === true,
    parallel: whole('--parallel', values.parallel ?? String(defaultParallel)),
    times: whole('--times', values.times ?? String(defaultTimes)),
    save: values.save === true,
    only: values.only,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        json: { type: 'boolean' },
        only: { type: 'string' },
        parallel: { type: 'string' },
        save: { type: 'boolean' },
        simulated: { type: 'boolean' },
        times: { type: 'string' },
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
