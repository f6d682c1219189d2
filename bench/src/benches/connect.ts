// Opening one connection far from the server: how long it takes, and how many round trips.

import type { Connecting, Create } from '../contenders/query.ts';
import { loadQueryPool } from '../contenders/query-pools.ts';
import type { Bench, Entry, Racer, Sample, Scenario } from '../harness/bench.ts';
import { median } from '../harness/statistics.ts';
import { FAR, farPools, inMs, lineOf, onEach, TRIPS } from './far.ts';

const CLIENT = 'pg.Client';
const KNOWN = 'openline/pg known';
const VERSIONS = [15, 18] as const;
const ATTEMPTS = 3;

const pools = farPools(VERSIONS, (entry, create) => new ConnectRacer(entry, create));

export const connect: Bench = {
  ...pools,
  name: 'connect',
  title: `Opening one connection: ${FAR}`,
  notes: [
    'Round trips: the time by the measured round trip, without that of the TCP handshake, which the slow network does not delay.',
    'known: the pool has had a connection before, as in a service that runs; the others are new. postgres.js asks for types (its default).',
  ],
  rounds: 9,
  contenders: [
    { name: CLIENT, dependency: 'pg' },
    ...pools.contenders,
    { name: KNOWN, dependency: 'openline' },
  ],
  metrics: [inMs('connect', 'connect'), TRIPS],

  scenarios() {
    return onEach(VERSIONS, { name: 'connect', title: 'connect', metrics: ['connect', 'trips'] });
  },

  async enter(entry) {
    const { contender } = entry;
    if (contender === KNOWN) return new ConnectRacer(entry, await loadQueryPool('openline/pg'), true);
    if (contender !== CLIENT) return await pools.enter(entry);
    const { create } = await import('../contenders/pg-client.ts');
    return new ConnectRacer(entry, create);
  },
};

class ConnectRacer implements Racer {
  readonly #entry: Entry;
  readonly #create: Create<Connecting>;
  readonly #known: boolean;

  constructor(entry: Entry, create: Create<Connecting>, known = false) {
    this.#entry = entry;
    this.#create = create;
    this.#known = known;
  }

  async warmUp(scenario: Scenario): Promise<void> {
    await this.run(scenario);
  }

  async run(scenario: Scenario): Promise<Sample> {
    const times: number[] = [];
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) times.push(await this.#connectMs(scenario));
    const ms = median(times);
    return { connect: ms, trips: ms / lineOf(this.#entry, scenario).roundTripMs };
  }

  async close(): Promise<void> {}

  async #connectMs(scenario: Scenario): Promise<number> {
    const pool = this.#create(lineOf(this.#entry, scenario).access);
    if (this.#known) await (await pool.open())();
    const start = performance.now();
    const close = await pool.open();
    const ms = performance.now() - start;
    await close();
    await pool.close();
    return ms;
  }
}
