// What one run will do: the bench as the command line trims it.

import type { Bench } from './bench.ts';
import { chosen } from './choice.ts';
import type { Options } from './options.ts';
import { PLAIN, type Plan } from './race.ts';

const TINY_ROUNDS = 2;
const TINY_ROUND_MS = 5;

export function plan(bench: Bench, options: Options): Plan {
  const size = {
    roundMs: options.roundMs ?? (options.tiny ? TINY_ROUND_MS : (bench.roundMs ?? 0)),
    tiny: options.tiny,
  };
  const contenders = chosen('contender', bench.contenders, options.only);
  const names = contenders.map((contender) => contender.name);
  return {
    bench,
    size,
    rounds: options.rounds ?? (options.tiny ? TINY_ROUNDS : bench.rounds),
    contenders,
    scenarios: chosen('scenario', bench.scenarios(size), options.scenarios).filter(
      (scenario) => scenario.contenders?.some((name) => names.includes(name)) ?? true,
    ),
    variants: chosen('variant', bench.variants ?? [PLAIN], options.variants),
  };
}
