// The loads of the telemetry bench.

import type { Scenario } from '../../harness/bench.ts';
import type { WatchName } from './watches.ts';

const METRICS: readonly string[] = ['rate', 'cpu', 'spans', 'collections'];

/** Where each has a connection of its own, the metrics are read as before: what waits is of interest, and its spans. */
const OF_LEASES: readonly WatchName[] = [
  'bare',
  'opentelemetry',
  'everything',
  'spans',
  'requests',
  'requests+spans',
];

export interface Load {
  readonly callers: number;
  readonly way: 'query' | 'onClient';
}

export function scenarios(): readonly Scenario[] {
  return [
    ...[1, 10, 100, 1_000].map((callers) => scenario('query', 'pool.query', { callers, way: 'query' })),
    ...[10, 100, 1_000].map((callers) => ({
      ...scenario('connect', 'connect + release', { callers, way: 'onClient' }),
      contenders: OF_LEASES,
    })),
  ];
}

function scenario(name: string, how: string, load: Load & { [key: string]: string | number }): Scenario {
  const { callers } = load;
  const who = `${callers.toLocaleString('en-GB')} ${callers === 1 ? 'caller' : 'callers'}`;
  return { name: `${name}-${callers}`, title: `${how}, ${who}`, metrics: METRICS, load };
}
