// A service that is seldom asked: one query every two seconds, far from the server.

import { setTimeout } from 'node:timers/promises';
import type { CreateQueryPool, QueryPool } from '../contenders/query.ts';
import type { Bench, Entry, Racer, Sample, Scenario } from '../harness/bench.ts';
import { median } from '../harness/statistics.ts';
import { FAR, farPools, inMs, lineOf, onEach, TRIPS } from './far.ts';
import { askFor } from './postgres/callers.ts';
import { short } from './postgres/statements.ts';

const PAUSE_MS = 2_000;
const TINY_PAUSE_MS = 10;
const QUERIES = 10;
const VERSIONS = [18] as const;

export const quiet: Bench = {
  name: 'quiet',
  title: `One query every ${PAUSE_MS / 1_000} s: ${FAR}`,
  notes: [`A round is ${QUERIES} queries on a connection that is open at its start.`],
  rounds: 3,
  ...farPools(VERSIONS, (entry, create) => new QuietRacer(entry, create)),
  metrics: [inMs('middle', 'middle'), inMs('longest', 'longest'), TRIPS],

  scenarios() {
    return onEach(VERSIONS, { name: 'quiet', title: 'query', metrics: ['middle', 'longest', 'trips'] });
  },
};

class QuietRacer implements Racer {
  readonly #entry: Entry;
  readonly #create: CreateQueryPool;
  #pool: QueryPool | undefined;

  constructor(entry: Entry, create: CreateQueryPool) {
    this.#entry = entry;
    this.#create = create;
  }

  async warmUp(scenario: Scenario): Promise<void> {
    await this.#askMs(scenario);
  }

  async run(scenario: Scenario): Promise<Sample> {
    // Untimed first: the connection may have been closed while the others had their turn.
    await this.#askMs(scenario);
    const times: number[] = [];
    for (let query = 0; query < QUERIES; query++) {
      await setTimeout(this.#entry.size.tiny ? TINY_PAUSE_MS : PAUSE_MS);
      times.push(await this.#askMs(scenario, query));
    }
    const middle = median(times);
    const { roundTripMs } = lineOf(this.#entry, scenario);
    return { middle, longest: Math.max(...times), trips: middle / roundTripMs };
  }

  async close(): Promise<void> {
    await this.#pool?.close();
  }

  async #askMs(scenario: Scenario, value = 0): Promise<number> {
    this.#pool ??= this.#create(lineOf(this.#entry, scenario).access);
    const start = performance.now();
    await askFor(short(value), this.#pool.query);
    return performance.now() - start;
  }
}
