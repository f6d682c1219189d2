// Garbage collection on demand. What a test wants to see collected must never have been in a variable of its own.
import { setImmediate } from 'node:timers/promises';

const collect = globalThis.gc as unknown as (options: { type: 'major'; execution: 'async' }) => Promise<void>;
/** Collections after which what can be collected is, and its registry has been told. */
const rounds = 20;

/** Collects until it has happened; returns whether it has. From a task of its own: no stack of JavaScript holds anything then. */
export async function collectedUntil(happened: () => boolean): Promise<boolean> {
  for (let round = 0; round < rounds && !happened(); round++) {
    await collect({ type: 'major', execution: 'async' });
    await setImmediate();
  }
  return happened();
}
