// The loads of the postgres bench.

import type { Scenario } from '../../harness/bench.ts';
import type { Work } from './statements.ts';

const CROWDS: readonly number[] = [1, 10, 100, 1_000];
const METRICS: readonly string[] = ['rate', 'cpu', 'p50', 'p99'];

export interface Load {
  readonly callers: number;
  readonly way: 'query' | 'onClient';
  readonly line: 'near' | 'far';
  readonly work: Work;
  /** What one statement in twenty is. */
  readonly long?: Work;
  /** Times that a round is longer, so that each of many slow callers asks more than once. */
  readonly stretch: number;
}

export function scenarios(): readonly Scenario[] {
  return [
    ...crowds('query', 'pool.query', {}),
    ...crowds('connect', 'connect + release', { way: 'onClient' }),
    ...crowds('1ms', 'a read of 1 ms', { work: 'read1', stretch: 4 }),
    ...crowds('sleep-1ms', 'pg_sleep of 1 ms', { work: 'sleep1', stretch: 4 }),
    ...crowds('20ms', 'a read of 20 ms', { work: 'read20', stretch: 4 }).map(fewerOfTheLongest),
    ...crowds('insert', 'insert of a row', { work: 'insert' }),
    ...crowds('update', 'update of one of 10,000 rows', { work: 'update' }),
    ...crowds('rtt5', 'pool.query at 5 ms of round trip', { line: 'far', stretch: 4 }, [1, 100, 1_000]),
    mix('mixed', 'pg_sleep of 100 ms', { long: 'sleep100', stretch: 4 }),
    mix('mixed-read', 'a read of 100 ms', { long: 'read100', stretch: 6 }),
  ];
}

/** Only the largest crowds take the stretch: the others ask often enough without it. */
function crowds(
  name: string,
  how: string,
  load: Partial<Load>,
  sizes: readonly number[] = CROWDS,
): Scenario[] {
  return sizes.map((callers) => {
    const stretch = callers >= 1_000 ? (load.stretch ?? 1) : 1;
    const who = `${callers.toLocaleString('en-GB')} ${callers === 1 ? 'caller' : 'callers'}`;
    return scenario(`${name}-${callers}`, `${how}, ${who}`, { ...load, callers, stretch });
  });
}

/** A thousand callers of 20 ms each take some ten seconds on two cores: they ask once a round, in few rounds. */
function fewerOfTheLongest(scenario: Scenario): Scenario {
  return (scenario.load as unknown as Load).callers < 1_000 ? scenario : { ...scenario, maxRounds: 3 };
}

function mix(name: string, rest: string, load: Partial<Load>): Scenario {
  const title = `100 callers, 95 % short, 5 % ${rest}; CPU of all, p50 and p99 of the short`;
  return { ...scenario(name, title, { ...load, callers: 100 }), metrics: [...METRICS, 'longP99'] };
}

function scenario(name: string, title: string, load: Partial<Load>): Scenario {
  const whole = { callers: 1, way: 'query', line: 'near', work: 'short', stretch: 1, ...load };
  const base = { name, title, metrics: METRICS, load: whole };
  return load.way === 'onClient' ? { ...base, contenders: ['pg.Pool', 'openline/pg'] } : base;
}
