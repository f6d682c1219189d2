// The loads of the http bench.

import type { Line } from '../../arena/http-servers-process.ts';
import { BEST_H2, BEST_H2_POST, httpClients, type Race } from '../../contenders/http-clients.ts';
import type { Scenario } from '../../harness/bench.ts';

const METRICS: readonly string[] = ['rate', 'cpu', 'p50', 'p99', 'failed', 'connections'];

export interface Load {
  readonly line: Line;
  readonly method: 'get' | 'post';
  readonly callers: number;
}

export function scenarios(): readonly Scenario[] {
  return [
    ...crowds('http', 'HTTP, GET', { line: 'http', method: 'get' }, [1, 50, 500]),
    ...crowds('https', 'HTTPS, GET', { line: 'https', method: 'get' }, [1, 50, 500]),
    ...crowds('h2-get', 'HTTP/2, GET', { line: 'h2', method: 'get' }, [50, 500], BEST_H2),
    ...crowds('h2-post', 'HTTP/2, POST', { line: 'h2', method: 'post' }, [50, 500], BEST_H2_POST),
  ];
}

function crowds(
  race: Race,
  title: string,
  load: Omit<Load, 'callers'>,
  sizes: readonly number[],
  reference?: string,
): Scenario[] {
  const contenders = httpClients.filter(({ races }) => races.includes(race)).map(({ name }) => name);
  return sizes.map((callers) => ({
    name: `${race}-${callers}`,
    title: `${title}, ${callers} ${callers === 1 ? 'caller' : 'callers'}`,
    metrics: METRICS,
    contenders,
    ...(reference === undefined ? {} : { reference }),
    load: { ...load, callers },
  }));
}
