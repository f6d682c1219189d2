// What one run will do: the bench as the command line trims it.

import type { Bench } from './bench.ts';
import { type Options, UsageError } from './options.ts';
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

function chosen<T extends { readonly name: string }>(
  kind: string,
  all: readonly T[],
  names: readonly string[] | undefined,
): readonly T[] {
  if (names === undefined) return all;
  for (const name of names) {
    if (all.some((item) => item.name === name)) continue;
    throw new UsageError(
      `no ${kind} is called ${name}; there are ${all.map((item) => item.name).join(', ')}`,
    );
  }
  return all.filter((item) => names.includes(item.name));
}
