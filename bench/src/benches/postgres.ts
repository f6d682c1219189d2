// Statements on a real PostgreSQL, by 1 to 1,000 callers on ten connections.

import type { CreateQueryPool, QueryPool } from '../contenders/query.ts';
import { loadQueryPool, queryPools } from '../contenders/query-pools.ts';
import type { Bench, Entry, Racer, Sample, Scenario } from '../harness/bench.ts';
import type { Access } from './postgres/arena.ts';
import { runCrowd } from './postgres/callers.ts';
import { type Load, scenarios } from './postgres/scenarios.ts';
import { works } from './postgres/statements.ts';

/** As many callers as these wake a pool up again. */
const LEADERS = 100;

export const postgres: Bench = {
  name: 'postgres',
  title: 'PostgreSQL over loopback, 10 connections; select $1::int where nothing else is said',
  notes: [
    'CPU is the client process alone. pg sends unnamed statements; openline/pg and postgres.js prepare what comes again (their default).',
    'The server, which flushes nothing to disk, and the slow network share the machine with the client.',
    'A read counts generated rows: as many as one client alone gets counted in the time.',
  ],
  rounds: 9,
  roundMs: 500,
  reference: 'pg.Pool',
  contenders: queryPools,
  metrics: [
    { key: 'rate', label: 'queries', unit: 'per s', digits: 0, better: 'higher' },
    { key: 'cpu', label: 'CPU', unit: 'µs per query', digits: 1, better: 'lower' },
    { key: 'p50', label: 'p50', unit: 'ms', digits: 2, better: 'lower' },
    { key: 'p99', label: 'p99', unit: 'ms', digits: 2, better: 'lower' },
    { key: 'longP99', label: 'p99 of the long', unit: 'ms', digits: 2, better: 'lower' },
  ],
  scenarios,

  async setUp(size, progress) {
    const { setUp } = await import('./postgres/arena.ts');
    return await setUp(size, progress);
  },

  async enter(entry) {
    return new QueryRacer(entry, await loadQueryPool(entry.contender));
  },
};

class QueryRacer implements Racer {
  readonly #create: CreateQueryPool;
  readonly #access: Access;
  readonly #roundMs: number;
  readonly #pools = new Map<Load['line'], QueryPool>();

  constructor(entry: Entry, create: CreateQueryPool) {
    this.#create = create;
    this.#access = entry.access as Access;
    this.#roundMs = entry.size.roundMs;
  }

  async warmUp(scenario: Scenario): Promise<void> {
    const load = loadOf(scenario);
    await this.#crowd(load, load.callers, this.#roundMs);
  }

  async run(scenario: Scenario): Promise<Sample> {
    const load = loadOf(scenario);
    // Untimed first: connections that an idle minute closed are opened again.
    await this.#crowd(load, Math.min(load.callers, LEADERS), this.#roundMs / 10);
    return await this.#crowd(load, load.callers, this.#roundMs * load.stretch);
  }

  async close(): Promise<void> {
    for (const pool of this.#pools.values()) await pool.close();
  }

  #crowd({ way, line, work, long }: Load, callers: number, ms: number): Promise<Sample> {
    const pool = this.#pool(line);
    const ask = pool[way]?.bind(pool);
    if (ask === undefined) throw new Error(`no ${way}`);
    const { rows } = this.#access;
    return runCrowd(ask, { callers, ms, make: works[work](rows), makeLong: long && works[long](rows) });
  }

  #pool(line: Load['line']): QueryPool {
    let pool = this.#pools.get(line);
    if (pool === undefined) {
      pool = this.#create(this.#access.lines[line].access);
      this.#pools.set(line, pool);
    }
    return pool;
  }
}

function loadOf(scenario: Scenario): Load {
  return scenario.load as unknown as Load;
}
