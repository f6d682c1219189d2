// What the benches share that reach PostgreSQL over TLS and scram at 50 ms of round trip.

import { type Line, openLines } from '../arena/lines.ts';
import type { CreateQueryPool } from '../contenders/query.ts';
import { loadQueryPool, queryPools } from '../contenders/query-pools.ts';
import type { Arena, Bench, Entry, Metric, Racer, Scenario, Size } from '../harness/bench.ts';

const DELAY_MS = 25;
const TINY_DELAY_MS = 5;

export type Version = 15 | 18;

export const FAR = 'TLS and scram, 50 ms of round trip';

/** A metric of a bench far from its server. */
export function inMs(key: string, label: string): Metric {
  return { key, label, unit: 'ms', digits: 1, better: 'lower' };
}

/** Time by the round trip. */
export const TRIPS: Metric = {
  key: 'trips',
  label: 'round trips',
  unit: '',
  digits: 1,
  better: 'lower',
  compare: false,
};

/** The same load on each version, under its name. */
export function onEach(versions: readonly Version[], base: Omit<Scenario, 'load'>): Scenario[] {
  return versions.map((version) => ({
    ...base,
    name: `${base.name}-${version}`,
    title: `${base.title}, PostgreSQL ${version}`,
    load: version,
  }));
}

/** The parts of a bench that drives every query pool on these versions. */
export function farPools(
  versions: readonly Version[],
  racer: (entry: Entry, create: CreateQueryPool) => Racer,
): Pick<Bench, 'reference' | 'contenders' | 'setUp' | 'enter'> {
  return {
    reference: 'pg.Pool',
    contenders: queryPools,
    setUp: (size, progress) => setUpFar(versions, size, progress),
    enter: async (entry) => racer(entry, await loadQueryPool(entry.contender)),
  };
}

async function setUpFar(
  versions: readonly Version[],
  { tiny }: Size,
  progress: (line: string) => void,
): Promise<Arena> {
  const delays = (version: Version) => ({ [version]: tiny ? TINY_DELAY_MS : DELAY_MS });
  const plans = versions.map((version) => ({ version, tls: true, delays: delays(version) }));
  const { lines, facts, close } = await openLines(plans, progress);
  return { access: lines, facts, close };
}

/** The line that a scenario of {@link onEach} is about. */
export function lineOf(entry: Entry, scenario: Scenario): Line {
  const line = (entry.access as Readonly<Record<string, Line>>)[scenario.load as Version];
  if (line === undefined) throw new Error(`no line to PostgreSQL ${scenario.load}`);
  return line;
}
