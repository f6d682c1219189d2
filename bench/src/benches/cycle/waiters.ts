// The heap that one waiter takes while it queues for a connection that somebody holds.

import { setImmediate } from 'node:timers/promises';
import type { CreatePool } from '../../contenders/pool.ts';

const DEADLINE_MS = 30_000;

/** Bytes of live heap for each of so many waiters. */
export async function heapPerWaiter(create: CreatePool, waiters: number): Promise<number> {
  const pool = create({ open: async () => ({}), max: 1, deadlineMs: DEADLINE_MS });
  const held = await pool.acquire();
  let left = waiters;
  let finish: () => void;
  const drained = new Promise<void>((resolve) => {
    finish = resolve;
  });
  // One function for all waiters: what is counted is the pool's own, and one `then` each.
  const passOn = (lease: unknown): void => {
    pool.release(lease);
    if (--left === 0) finish();
  };
  const before = await liveHeap();
  for (let waiter = 0; waiter < waiters; waiter++) void pool.acquire().then(passOn);
  const bytes = ((await liveHeap()) - before) / waiters;
  if (pool.waiting() < waiters) throw new Error(`${pool.waiting()} of ${waiters} callers are in the queue`);
  pool.release(held);
  await drained;
  await pool.close();
  return bytes;
}

async function liveHeap(): Promise<number> {
  // Twice, with a turn between: what the first collection finalises, the second one frees.
  for (let pass = 0; pass < 2; pass++) {
    await setImmediate();
    globalThis.gc?.();
  }
  return process.memoryUsage().heapUsed;
}
