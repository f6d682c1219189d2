// Loops of acquire and release, in turns of the event loop that are long but end, as a busy service's do.

import type { BenchPool } from '../../contenders/pool.ts';

/** Cycles in one turn: enough that starting the loops costs nothing beside them. */
export interface Length {
  readonly perTurn: number;
  /** At least so many in each loop, however many loops there are. */
  readonly perLoop: number;
}

/** One kind of turn: how many cycles it makes, and how. */
export interface Turn {
  readonly cycles: number;
  run(): Promise<void>;
}

/** One loop, which nobody disturbs. */
export function aloneTurn(pool: BenchPool<unknown>, { perTurn }: Length): Turn {
  return {
    cycles: perTurn,
    async run() {
      for (let cycle = 0; cycle < perTurn; cycle++) {
        const lease = await pool.acquire();
        pool.release(lease);
      }
    },
  };
}

/** One loop, which takes what is idle without awaiting it. */
export function immediateTurn(pool: BenchPool<unknown>, { perTurn }: Length): Turn {
  return {
    cycles: perTurn,
    async run() {
      for (let cycle = 0; cycle < perTurn; cycle++) {
        const lease = pool.tryAcquire?.();
        if (lease === undefined) throw new Error('tryAcquire() found nothing idle');
        pool.release(lease);
      }
    },
  };
}

/** Many loops that share few connections; each holds its own for one microtask, so that the others queue. */
export function crowdTurn(pool: BenchPool<unknown>, loops: number, length: Length): Turn {
  const each = Math.max(length.perLoop, length.perTurn / loops);
  const loop = async (): Promise<void> => {
    for (let cycle = 0; cycle < each; cycle++) {
      const lease = await pool.acquire();
      await null;
      pool.release(lease);
    }
  };
  return {
    cycles: loops * each,
    async run() {
      await Promise.all(Array.from({ length: loops }, loop));
    },
  };
}

const CYCLES_COUNTED = 10;

/** The share of acquires that had to queue, counted in a turn of its own, since counting takes time. */
export async function waitedShare(pool: BenchPool<unknown>, loops: number): Promise<number> {
  let waited = 0;
  let acquires = 0;
  const loop = async (): Promise<void> => {
    for (let cycle = 0; cycle < CYCLES_COUNTED; cycle++) {
      const before = pool.waiting();
      const acquired = pool.acquire();
      acquires++;
      if (pool.waiting() > before) waited++;
      const lease = await acquired;
      if (loops > 1) await null;
      pool.release(lease);
    }
  };
  await Promise.all(Array.from({ length: loops }, loop));
  return waited / acquires;
}
