// What a pool costs by itself: CPU of acquire + release on a connection that does nothing, and the heap of a waiter.

import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate } from 'node:timers/promises';
import type { BenchPool, CreatePool } from '../contenders/pool.ts';
import { loadPool, pools } from '../contenders/pools.ts';
import type { Bench, Entry, Racer, Sample, Scenario } from '../harness/bench.ts';
import { aloneTurn, crowdTurn, immediateTurn, type Length, type Turn, waitedShare } from './cycle/turns.ts';
import { heapPerWaiter } from './cycle/waiters.ts';

const CONNECTIONS = 10;
const IMMEDIATE = 'openline tryAcquire';
const AWAITED: readonly string[] = pools.map((pool) => pool.name);

/** Rounds of the warm-up, and cycles in one turn of the event loop. */
const EFFORT = { warmUps: 3, perTurn: 10_000, perLoop: 20 };
const TINY_EFFORT: typeof EFFORT = { warmUps: 1, perTurn: 20, perLoop: 2 };

type Load = { readonly loops: number } | { readonly waiters: number };

export const cycle: Bench = {
  name: 'cycle',
  title: 'acquire + release on a connection that does nothing, every default on',
  notes: [
    'fifo is a pool of some thirty lines without deadline, stats or errors: the floor.',
    'With many loops each holds its connection for one microtask, so that the others queue.',
    'Heap: waiters with a deadline of 30 s each (fifo has none), queued on one held connection.',
  ],
  rounds: 9,
  roundMs: 400,
  reference: 'fifo',
  contenders: [...pools, { name: IMMEDIATE, dependency: 'openline' }],
  variants: [
    { name: 'als-off', label: 'AsyncLocalStorage off' },
    { name: 'als-on', label: 'AsyncLocalStorage on' },
  ],
  metrics: [
    { key: 'cpu', label: 'CPU', unit: 'ns per cycle', digits: 0, better: 'lower' },
    { key: 'waited', label: 'waited', unit: '%', digits: 0, better: 'lower', compare: false },
    { key: 'heap', label: 'heap', unit: 'bytes per waiter', digits: 0, better: 'lower' },
  ],
  execArgv: ['--expose-gc'],

  scenarios({ tiny }) {
    const waiters = tiny ? 500 : 50_000;
    return [
      { name: 'alone', title: '1 loop', metrics: ['cpu', 'waited'], load: { loops: 1 } },
      crowd('crowd-100', 100),
      crowd('crowd-1000', 1_000),
      {
        name: 'waiters',
        title: `${waiters.toLocaleString('en-GB')} waiters`,
        metrics: ['heap'],
        contenders: AWAITED,
        maxRounds: 3,
        load: { waiters },
      },
    ];
  },

  async enter(entry) {
    if (entry.contender === IMMEDIATE) {
      return new CycleRacer(entry, await loadPool('openline'), (pool, _loops, length) =>
        immediateTurn(pool, length),
      );
    }
    return new CycleRacer(entry, await loadPool(entry.contender));
  },
};

function crowd(name: string, loops: number): Scenario {
  const title = `${loops.toLocaleString('en-GB')} loops on ${CONNECTIONS} connections`;
  return { name, title, metrics: ['cpu', 'waited'], contenders: AWAITED, load: { loops } };
}

type MakeTurn = (pool: BenchPool<unknown>, loops: number, length: Length) => Turn;

interface Course {
  readonly pool: BenchPool<unknown>;
  readonly turn: Turn;
  readonly loops: number;
  turns: number;
}

class CycleRacer implements Racer {
  readonly #create: CreatePool;
  readonly #turn: MakeTurn;
  readonly #effort: typeof EFFORT;
  readonly #roundMs: number;
  readonly #storage: AsyncLocalStorage<object> | undefined;
  readonly #courses = new Map<string, Course>();

  constructor(
    entry: Entry,
    create: CreatePool,
    turn: MakeTurn = (pool, loops, length) =>
      loops === 1 ? aloneTurn(pool, length) : crowdTurn(pool, loops, length),
  ) {
    this.#create = create;
    this.#turn = turn;
    this.#effort = entry.size.tiny ? TINY_EFFORT : EFFORT;
    this.#roundMs = entry.size.roundMs;
    this.#storage = entry.variant === 'als-on' ? new AsyncLocalStorage() : undefined;
  }

  warmUp(scenario: Scenario): Promise<void> {
    return this.#inContext(async () => {
      const load = scenario.load as Load;
      if ('waiters' in load) return void (await heapPerWaiter(this.#create, load.waiters));
      const pool = this.#create({ open: async () => ({}), max: CONNECTIONS });
      const leases = await Promise.all(Array.from({ length: CONNECTIONS }, () => pool.acquire()));
      for (const lease of leases) pool.release(lease);
      const course = { pool, turn: this.#turn(pool, load.loops, this.#effort), loops: load.loops, turns: 0 };
      this.#courses.set(scenario.name, course);
      // The last of the warm-up rounds, fully compiled, says how many turns fill a round.
      for (let round = 0; round < this.#effort.warmUps; round++)
        course.turns = await this.#turnsThatFill(course.turn);
    });
  }

  run(scenario: Scenario): Promise<Sample> {
    return this.#inContext(async () => {
      const load = scenario.load as Load;
      if ('waiters' in load) return { heap: await heapPerWaiter(this.#create, load.waiters) };
      const course = this.#courses.get(scenario.name);
      if (course === undefined) throw new Error(`no warm-up for ${scenario.name}`);
      // Outside the measure: what an idle minute undid, and the garbage of the round before.
      await course.turn.run();
      globalThis.gc?.();
      const cpu = await this.#cpuPerCycle(course);
      const waited = 100 * (await waitedShare(course.pool, course.loops));
      return { cpu, waited };
    });
  }

  async close(): Promise<void> {
    for (const { pool } of new Set(this.#courses.values())) await pool.close();
  }

  async #cpuPerCycle({ turn, turns }: Course): Promise<number> {
    const start = process.cpuUsage();
    for (let done = 0; done < turns; done++) {
      await turn.run();
      await setImmediate();
    }
    const { user, system } = process.cpuUsage(start);
    return (1_000 * (user + system)) / (turns * turn.cycles);
  }

  async #turnsThatFill(turn: Turn): Promise<number> {
    const end = performance.now() + this.#roundMs;
    let turns = 0;
    do {
      await turn.run();
      await setImmediate();
      turns++;
    } while (performance.now() < end);
    return turns;
  }

  #inContext<T>(work: () => Promise<T>): Promise<T> {
    return this.#storage === undefined ? work() : this.#storage.run({}, work);
  }
}
