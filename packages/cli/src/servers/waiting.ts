// Waits for a condition, with the event loop or without it.
import { setTimeout as delay } from 'node:timers/promises';

const STEP_MS = 5;

/** Looks every 5 ms; resolves to whether the condition held within the time. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() >= end) return false;
    await delay(STEP_MS);
  }
  return true;
}

/** The same without giving way to the event loop: for `pause()`, and for the last moments of a process. */
export function untilBlocking(condition: () => boolean, timeoutMs: number): boolean {
  const end = performance.now() + timeoutMs;
  const cell = new Int32Array(new SharedArrayBuffer(4));
  while (!condition()) {
    if (performance.now() >= end) return false;
    Atomics.wait(cell, 0, 0, 1);
  }
  return true;
}
