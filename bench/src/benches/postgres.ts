// A small query on a real PostgreSQL, by 1 to 1,000 callers on ten connections.

import type { CreateQueryPool, PostgresAccess } from '../contenders/query.ts';
import { loadQueryPool, queryPools } from '../contenders/query-pools.ts';
import type { Bench, Entry, Racer, Sample, Scenario } from '../harness/bench.ts';
import { quantile } from '../harness/statistics.ts';

const CONNECTIONS = 10;
const CALLERS: readonly number[] = [1, 10, 100, 1_000];
const METRICS: readonly string[] = ['rate', 'cpu', 'p50', 'p99'];

interface Load {
  readonly callers: number;
  readonly way: 'query' | 'onClient';
}

export const postgres: Bench = {
  name: 'postgres',
  title: `select $1::int on PostgreSQL over loopback, ${CONNECTIONS} connections`,
  notes: [
    'CPU is the client process alone. pg and openline/pg send unnamed statements, postgres.js prepares them (its default).',
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
  ],

  scenarios() {
    return [
      ...CALLERS.map((callers) => scenario(`query-${callers}`, 'pool.query', { callers, way: 'query' })),
      ...CALLERS.map((callers) =>
        scenario(`connect-${callers}`, 'connect + release', { callers, way: 'onClient' }),
      ),
    ];
  },

  async setUp(_size, progress) {
    // Loaded here alone: a worker has no use for servers.
    const { startPostgres } = await import('openline-cli/servers');
    const server = await startPostgres({ onProgress: progress });
    const { host, port, user, password, database } = server;
    try {
      return {
        access: { host, port, user, password, database, max: CONNECTIONS },
        facts: { PostgreSQL: await serverVersion(server.connectionString()) },
        close: () => server.stop(),
      };
    } catch (error) {
      await server.stop();
      throw error;
    }
  },

  async enter(entry) {
    return new QueryRacer(entry, await loadQueryPool(entry.contender));
  },
};

async function serverVersion(connectionString: string): Promise<string> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    return rows[0]?.server_version ?? 'unknown';
  } finally {
    await client.end();
  }
}

function scenario(name: string, how: string, load: Load): Scenario {
  const title = `${how}, ${load.callers.toLocaleString('en-GB')} ${load.callers === 1 ? 'caller' : 'callers'}`;
  const base = { name, title, metrics: METRICS, load: { ...load } };
  return load.way === 'query' ? base : { ...base, contenders: ['pg.Pool', 'openline/pg'] };
}

class QueryRacer implements Racer {
  readonly #pool: ReturnType<CreateQueryPool>;
  readonly #roundMs: number;

  constructor(entry: Entry, create: CreateQueryPool) {
    this.#pool = create(entry.access as PostgresAccess);
    this.#roundMs = entry.size.roundMs;
  }

  async warmUp(scenario: Scenario): Promise<void> {
    await this.#load(scenario, this.#roundMs);
  }

  async run(scenario: Scenario): Promise<Sample> {
    // Untimed first: connections that an idle minute closed are opened again.
    await this.#load(scenario, this.#roundMs / 10);
    return await this.#load(scenario, this.#roundMs);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  async #load(scenario: Scenario, ms: number): Promise<Sample> {
    const { callers, way } = scenario.load as unknown as Load;
    const ask = this.#pool[way]?.bind(this.#pool);
    if (ask === undefined) throw new Error(`no ${way}`);
    const latencies: number[] = [];
    const cpu = process.cpuUsage();
    const start = performance.now();
    const end = start + ms;
    const caller = async (_: unknown, value: number): Promise<void> => {
      for (let asked = performance.now(); asked < end; ) {
        const answer = await ask(value);
        if (answer !== value) throw new Error(`asked for ${value}, got ${answer}`);
        const answered = performance.now();
        latencies.push(answered - asked);
        asked = answered;
      }
    };
    await Promise.all(Array.from({ length: callers }, caller));
    const seconds = (performance.now() - start) / 1_000;
    const { user, system } = process.cpuUsage(cpu);
    const sorted = Float64Array.from(latencies).sort();
    return {
      rate: sorted.length / seconds,
      cpu: (user + system) / sorted.length,
      p50: quantile(sorted, 0.5),
      p99: quantile(sorted, 0.99),
    };
  }
}
