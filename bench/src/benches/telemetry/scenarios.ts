// The loads of the telemetry bench.

import type { Scenario, Size } from '../../harness/bench.ts';
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

/** Those who have to do with spans. */
const OF_SPANS: readonly WatchName[] = ['bare', 'spans', 'requests', 'requests+spans'];

export interface Load {
  readonly callers: number;
  /** `lease`: of a pool of the engine, whose connections are nothing. */
  readonly way: 'query' | 'onClient' | 'lease';
}

/** Sizes of the crowds; of the larger ones a tiny run has no need. */
const CROWDS: readonly number[] = [1, 10, 100, 1_000];
const TINY_CROWDS: readonly number[] = [1, 20];

export function scenarios({ tiny }: Size): readonly Scenario[] {
  const crowds = tiny ? TINY_CROWDS : CROWDS;
  return [
    ...crowds.map((callers) => scenario('query', 'pool.query', { callers, way: 'query' })),
    ...crowds.slice(1).map((callers) => ({
      ...scenario('connect', 'connect + release', { callers, way: 'onClient' }),
      contenders: OF_LEASES,
    })),
    {
      ...scenario('wait', 'acquire + release without a server, nine of ten wait', {
        callers: 100,
        way: 'lease',
      }),
      contenders: OF_SPANS,
    },
  ];
}

function scenario(name: string, how: string, load: Load & { [key: string]: string | number }): Scenario {
  const { callers } = load;
  const who = `${callers.toLocaleString('en-GB')} ${callers === 1 ? 'caller' : 'callers'}`;
  return { name: `${name}-${callers}`, title: `${how}, ${who}`, metrics: METRICS, load };
}
