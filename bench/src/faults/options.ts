// The command line of the faults.

import { parseArgs } from 'node:util';
import { chosen, UsageError } from '../harness/choice.ts';
import { contenders, faults } from './catalogue.ts';
import type { FaultContender } from './contender.ts';
import type { Fault } from './fault.ts';
import { type Limits, limitSets } from './limits.ts';

export interface Options {
  readonly faults: readonly Fault[];
  readonly contenders: readonly FaultContender[];
  readonly limits: readonly Limits[];
  /** How long the fault lasts; undefined: as long as each fault says. */
  readonly seconds: number | undefined;
  readonly json: boolean;
}

const ALL = 'all';
/** A longer one is a slip of the pen. */
const LONGEST_SECONDS = 600;

export const USAGE: string = `npm run faults -- NAME [options]

Plays a fault on real servers to openline and its peers, at the same time, and tells how each fared.
NAME is ${ALL}, or one of:
${faults.map(({ name, title, seconds }) => `  ${name.padEnd(21)} ${title(seconds)}`).join('\n')}
The contenders are ${namesOf(contenders)}, each where it can meet the fault.

  --json             print the figures as one JSON document, and nothing else, on stdout
  --only A,B         these contenders only
  --limits A,B       these limits only: ${namesOf(limitSets)}
  --seconds N        how long the fault lasts
  --help             this text
`;

/** Reads the arguments; undefined asks for the usage text. */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values, positionals } = parse(args);
  if (values.help === true) return undefined;
  const [name, ...others] = positionals;
  if (name === undefined) throw new UsageError('which fault?');
  if (others.length > 0)
    throw new UsageError(`one fault at a time, or ${ALL}, not also ${others.join(', ')}`);
  const named = name === ALL ? faults : chosen('fault', faults, [name]);
  const only = chosen('contender', contenders, listed(values.only));
  const met = named.filter((fault) => fault.contenders.some((contender) => only.includes(contender)));
  if (met.length === 0)
    throw new UsageError(`${name} is met by ${named.flatMap((fault) => namesOf(fault.contenders))}`);
  return {
    faults: met,
    contenders: only,
    limits: chosen('set of limits', limitSets, listed(values.limits)),
    seconds: secondsOf(values.seconds),
    json: values.json === true,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: 'boolean' },
        only: { type: 'string' },
        limits: { type: 'string' },
        seconds: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function listed(text: string | undefined): string[] | undefined {
  return text?.split(',').map((item) => item.trim());
}

function secondsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= LONGEST_SECONDS) return seconds;
  throw new UsageError(`--seconds takes a whole number from 1 to ${LONGEST_SECONDS}, not ${text}`);
}

function namesOf(list: readonly { readonly name: string }[]): string {
  return list.map(({ name }) => name).join(', ');
}
