// A spike: fifty callers at once on five idle connections, where opening another takes long.

import { setTimeout } from 'node:timers/promises';
import type { BenchPool, CreatePool } from '../contenders/pool.ts';
import { loadPool, pools } from '../contenders/pools.ts';
import type { Bench, Racer, Sample, Scenario } from '../harness/bench.ts';
import { quantile } from '../harness/statistics.ts';

const CONNECT_MS = 150;
const SLOW_MS = 200;
const IDLE = 5;
const CALLERS = 50;
const MAX = 50;
const SETTLE_MS = 20;
/** Times that each idle connection is used before the spike. */
const HISTORY = 5;
/** What a tiny run divides its long times by. */
const HASTE = 10;

interface Load {
  readonly useMs: number;
  /** How long the uses before the spike took; none took place when absent. */
  readonly historyMs?: number;
}

export const spike: Bench = {
  name: 'spike',
  title:
    `Spike: ${CALLERS} callers at once, ${IDLE} connections idle, max ${MAX}, ` +
    `${CONNECT_MS} ms to open another (timers in place of sockets)`,
  notes: [
    'opened: connections that the pool began to open from the first caller to the end of the last.',
    'longest, middle: what a caller waited, its use included.',
  ],
  rounds: 9,
  reference: 'pg.Pool',
  contenders: pools.filter((pool) => pool.name !== 'fifo'),
  metrics: [
    { key: 'opened', label: 'opened', unit: '', digits: 0, better: 'lower', compare: false },
    { key: 'longest', label: 'longest', unit: 'ms', digits: 1, better: 'lower' },
    { key: 'middle', label: 'middle', unit: 'ms', digits: 1, better: 'lower' },
    { key: 'total', label: 'all done', unit: 'ms', digits: 1, better: 'lower' },
  ],

  scenarios({ tiny }) {
    const slowMs = tiny ? SLOW_MS / HASTE : SLOW_MS;
    return [
      scenario('short-fresh', 'use 2 ms, nothing used before', { useMs: 2 }),
      scenario('short-known', 'use 2 ms, as in the uses before', { useMs: 2, historyMs: 2 }),
      scenario('slow-fresh', `use ${slowMs} ms, nothing used before`, { useMs: slowMs }),
      scenario('slow-known', `use ${slowMs} ms, as in the uses before`, { useMs: slowMs, historyMs: slowMs }),
      scenario('slow-surprise', `use ${slowMs} ms, 2 ms in the uses before`, { useMs: slowMs, historyMs: 2 }),
    ];
  },

  async enter(entry) {
    const create = await loadPool(entry.contender);
    return new SpikeRacer(create, entry.size.tiny);
  },
};

function scenario(name: string, title: string, load: Load): Scenario {
  return { name, title, metrics: ['opened', 'longest', 'middle', 'total'], load: { ...load } };
}

class SpikeRacer implements Racer {
  readonly #create: CreatePool;
  readonly #connectMs: number;

  constructor(create: CreatePool, tiny: boolean) {
    this.#create = create;
    this.#connectMs = tiny ? CONNECT_MS / HASTE : CONNECT_MS;
  }

  async warmUp(): Promise<void> {
    await this.run(scenario('warm-up', '', { useMs: 2, historyMs: 2 }));
  }

  async run(scenario: Scenario): Promise<Sample> {
    const { useMs, historyMs } = scenario.load as unknown as Load;
    let opened = 0;
    const open = async (): Promise<object> => {
      opened++;
      await setTimeout(this.#connectMs);
      return {};
    };
    const pool = this.#create({ open, max: MAX });
    await fill(pool);
    if (historyMs !== undefined) await usedBefore(pool, historyMs);
    await setTimeout(SETTLE_MS);
    if (opened !== IDLE || pool.idle() !== IDLE) {
      throw new Error(`the spike wants ${IDLE} idle connections, not ${pool.idle()} of ${opened}`);
    }
    const start = performance.now();
    const waits = await Promise.all(
      Array.from({ length: CALLERS }, async () => {
        await use(pool, useMs);
        return performance.now() - start;
      }),
    );
    const total = performance.now() - start;
    const sample = { opened: opened - IDLE, longest: Math.max(...waits), middle: middle(waits), total };
    await pool.close();
    return sample;
  }

  async close(): Promise<void> {}
}

/** The pool makes its first connections by itself, for callers that all want one at once. */
async function fill(pool: BenchPool<unknown>): Promise<void> {
  const leases = await Promise.all(Array.from({ length: IDLE }, () => pool.acquire()));
  for (const lease of leases) pool.release(lease);
}

async function usedBefore(pool: BenchPool<unknown>, useMs: number): Promise<void> {
  for (let time = 0; time < HISTORY; time++) {
    await Promise.all(Array.from({ length: IDLE }, () => use(pool, useMs)));
  }
}

async function use(pool: BenchPool<unknown>, useMs: number): Promise<void> {
  const lease = await pool.acquire();
  await setTimeout(useMs);
  pool.release(lease);
}

function middle(waits: readonly number[]): number {
  return quantile(Float64Array.from(waits).sort(), 0.5);
}
