// What it costs to watch a pool of openline/pg that serves statements of a real PostgreSQL.

import { createPool, type PoolObserver } from 'openline';
import type { Pool } from 'openline/pg';
import type { Ask, PostgresAccess, QueryPool } from '../contenders/query.ts';
import type { Bench, Entry, Racer, Sample, Scenario } from '../harness/bench.ts';
import { runCrowd } from './postgres/callers.ts';
import { short } from './postgres/statements.ts';
import { type Load, scenarios } from './telemetry/scenarios.ts';
import type { MakeWatch, Tally } from './telemetry/watch.ts';
import { loadWatch, type WatchName, watchNames } from './telemetry/watches.ts';

/** Connections of each pool. */
const MAX = 10;

const COLLECT_EVERY_MS = 1_000;
/** A tiny run is over before the second is. */
const TINY_COLLECT_EVERY_MS = 10;

/** As many callers as these wake a pool up again. */
const LEADERS = 100;

export const telemetry: Bench = {
  name: 'telemetry',
  title: 'openline/pg on PostgreSQL over loopback, 10 connections, select $1::int; watched in several ways',
  notes: [
    'CPU is the client process alone. Metrics are collected each second: opentelemetry by a PeriodicExportingMetricReader, prometheus by a scrape of',
    'all text. everything: opentelemetry, the log, and the handler of the dashboard with no viewer. Leaks are looked for in all, as by default.',
    'spans: acquires have spans below those of their callers, and no caller has one. requests: each question has a sampled span of its own, as of an',
    'HTTP request; requests+spans: and acquires that wait have one below it. A span of an acquire costs the difference of the two by the spans per query,',
    'best seen where nothing else is done: in the last table, whose queries are leases of connections that are nothing.',
    'Spans go to the SDK’s batch processor, whose queue is long enough for all; no exporter keeps anything.',
  ],
  rounds: 7,
  roundMs: 2_000,
  reference: 'bare',
  contenders: watchNames.map((name) => ({ name })),
  metrics: [
    { key: 'rate', label: 'queries', unit: 'per s', digits: 0, better: 'higher' },
    { key: 'cpu', label: 'CPU', unit: 'µs per query', digits: 2, better: 'lower' },
    { key: 'spans', label: 'spans per query', unit: '', digits: 2, better: 'lower', compare: false },
    { key: 'collections', label: 'collections', unit: '', digits: 0, better: 'lower', compare: false },
  ],
  scenarios,

  async setUp(_, progress) {
    const { openLines } = await import('../arena/lines.ts');
    const { lines, facts, close } = await openLines([{ delays: { near: 0 } }], progress);
    return { access: lines['near']!.access, facts, close };
  },

  async enter(entry) {
    const [makeWatch, { Pool }, { queriesOf }] = await Promise.all([
      loadWatch(entry.contender as WatchName),
      import('openline/pg'),
      import('../contenders/pg-query.ts'),
    ]);
    return new WatchedRacer(entry, makeWatch, (options) => {
      const pool = new Pool(options);
      return { pool, queries: queriesOf(pool), lease: leaseOf(options?.observers) };
    });
  },
};

type Observers = ReturnType<MakeWatch>['observers'];

/** A lease that lasts for no more than a turn of promises; its answer is the question. */
function leaseOf(observers: Observers): Ask {
  const pool = createPool(
    { open: async () => ({}) },
    { max: MAX, maxWaiters: Number.POSITIVE_INFINITY, observers: (observers ?? []) as PoolObserver[] },
  );
  return async (_, [value]) => {
    const lease = await pool.acquire();
    await undefined;
    lease.release();
    return value!;
  };
}

/** What can be asked. */
interface Asked {
  readonly pool: Pool;
  readonly queries: QueryPool;
  readonly lease: Ask;
}

class WatchedRacer implements Racer {
  readonly #roundMs: number;
  readonly #queries: QueryPool;
  readonly #lease: Ask;
  readonly #tally: Tally = { collections: 0, spans: 0 };
  readonly #inRequest: ReturnType<MakeWatch>['inRequest'];
  readonly #end: (() => unknown) | undefined;

  constructor(
    { access, size: { roundMs, tiny } }: Entry,
    makeWatch: MakeWatch,
    make: (options: ConstructorParameters<typeof Pool>[0]) => Asked,
  ) {
    const watch = makeWatch(this.#tally, tiny ? TINY_COLLECT_EVERY_MS : COLLECT_EVERY_MS);
    const { observers = [], begin, inRequest } = watch;
    const { pool, queries, lease } = make({ ...(access as PostgresAccess), observers });
    this.#roundMs = roundMs;
    this.#queries = queries;
    this.#lease = lease;
    this.#inRequest = inRequest;
    this.#end = begin?.(pool);
  }

  async warmUp(scenario: Scenario): Promise<void> {
    const { callers, way } = loadOf(scenario);
    await this.#crowd(way, callers, this.#roundMs);
  }

  async run(scenario: Scenario): Promise<Sample> {
    const { callers, way } = loadOf(scenario);
    // Untimed first: connections that an idle minute closed are opened again.
    await this.#crowd(way, Math.min(callers, LEADERS), this.#roundMs / 10);
    const before = { ...this.#tally };
    const start = performance.now();
    const sample = await this.#crowd(way, callers, this.#roundMs);
    const queries = (sample['rate']! * (performance.now() - start)) / 1_000;
    return {
      ...sample,
      spans: (this.#tally.spans - before.spans) / queries,
      collections: this.#tally.collections - before.collections,
    };
  }

  async close(): Promise<void> {
    await this.#end?.();
    await this.#queries.close();
  }

  #crowd(way: Load['way'], callers: number, ms: number): Promise<Sample> {
    const plain = way === 'lease' ? this.#lease : this.#queries[way]!.bind(this.#queries);
    return runCrowd(this.#inRequest?.(plain) ?? plain, { callers, ms, make: short });
  }
}

function loadOf(scenario: Scenario): Load {
  return scenario.load as unknown as Load;
}
