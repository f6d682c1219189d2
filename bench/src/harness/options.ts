// The command line of the benches.

import { parseArgs } from 'node:util';
import { benchNames } from '../benches/index.ts';
import { UsageError } from './choice.ts';

export interface Options {
  readonly name: string;
  readonly json: boolean;
  readonly save: boolean;
  readonly tiny: boolean;
  readonly rounds: number | undefined;
  readonly roundMs: number | undefined;
  readonly only: readonly string[] | undefined;
  readonly scenarios: readonly string[] | undefined;
  readonly variants: readonly string[] | undefined;
}

export const USAGE: string = `npm run bench -- NAME [options]

NAME is one of: ${benchNames.join(', ')}

  --json             print the figures as one JSON document, and nothing else, on stdout
  --save             keep the figures in bench/results/NAME.json (whole runs only)
  --rounds N         rounds of each contender in each scenario
  --round-ms N       milliseconds that a timed round takes at least, where the bench is free to choose
  --only A,B         these contenders only
  --scenarios A,B    these scenarios only
  --variants A,B     these variants only
  --tiny             the smallest load that runs everything; its figures mean nothing
  --help             this text
`;

/** Reads the arguments; undefined asks for the usage text. */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values, positionals } = parse(args);
  if (values.help === true) return undefined;
  const [name, ...others] = positionals;
  if (name === undefined) throw new UsageError('which bench?');
  if (others.length > 0) throw new UsageError(`one bench at a time, not also ${others.join(', ')}`);
  if (!benchNames.includes(name)) throw new UsageError(`no bench is called ${name}`);
  const options: Options = {
    name,
    json: values.json === true,
    save: values.save === true,
    tiny: values.tiny === true,
    rounds: count('rounds', values.rounds),
    roundMs: count('round-ms', values['round-ms']),
    only: list(values.only),
    scenarios: list(values.scenarios),
    variants: list(values.variants),
  };
  const partial = options.tiny || options.only || options.scenarios || options.variants;
  if (options.save && partial) throw new UsageError('--save keeps whole runs only');
  return options;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: 'boolean' },
        save: { type: 'boolean' },
        tiny: { type: 'boolean' },
        rounds: { type: 'string' },
        'round-ms': { type: 'string' },
        only: { type: 'string' },
        scenarios: { type: 'string' },
        variants: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function count(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new UsageError(`--${name} takes a whole number above 0, not ${text}`);
  return value;
}

function list(text: string | undefined): string[] | undefined {
  return text?.split(',').map((item) => item.trim());
}
