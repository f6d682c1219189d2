// The first callers of a service that has just started: ten at once, on a pool without a connection, far from the server.

import type { CreateQueryPool } from '../contenders/query.ts';
import type { Bench, Entry, Racer, Sample, Scenario } from '../harness/bench.ts';
import { FAR, farPools, inMs, lineOf, onEach, TRIPS } from './far.ts';
import { askFor } from './postgres/callers.ts';
import { short } from './postgres/statements.ts';

const CALLERS = 10;
const VERSIONS = [15, 18] as const;

export const cold: Bench = {
  name: 'cold',
  title: `${CALLERS} callers at once on an empty pool: ${FAR}`,
  notes: ['Until the first and until the last caller has the answer to select $1::int.'],
  rounds: 9,
  ...farPools(VERSIONS, (entry, create) => new ColdRacer(entry, create)),
  metrics: [inMs('first', 'first'), inMs('all', 'all'), { ...TRIPS, label: 'round trips until all' }],

  scenarios() {
    const title = `${CALLERS} callers`;
    return onEach(VERSIONS, { name: 'cold', title, metrics: ['first', 'all', 'trips'] });
  },
};

class ColdRacer implements Racer {
  readonly #entry: Entry;
  readonly #create: CreateQueryPool;

  constructor(entry: Entry, create: CreateQueryPool) {
    this.#entry = entry;
    this.#create = create;
  }

  async warmUp(scenario: Scenario): Promise<void> {
    await this.run(scenario);
  }

  async run(scenario: Scenario): Promise<Sample> {
    const { access, roundTripMs } = lineOf(this.#entry, scenario);
    const pool = this.#create(access);
    const start = performance.now();
    const waits = await Promise.all(
      Array.from({ length: CALLERS }, async (_, value) => {
        await askFor(short(value), pool.query);
        return performance.now() - start;
      }),
    );
    await pool.close();
    const all = Math.max(...waits);
    return { first: Math.min(...waits), all, trips: all / roundTripMs };
  }

  async close(): Promise<void> {}
}
