// How long a process's event loop was held up, so that no contender is blamed for a busy machine.

import { nowMs, type Span } from './clock.ts';

const EVERY_MS = 5;
/** A timer of 5 ms that comes after so long was late by the loop's fault. */
const STALL_FROM_MS = 10;

/** The milliseconds between two moments in which the loop stood still. */
export function stalledMs(stalls: readonly Span[], from: number, until: number): number {
  let total = 0;
  for (const stall of stalls) total += Math.max(0, Math.min(until, stall.until) - Math.max(from, stall.from));
  return total;
}

/** Watches the event loop from now on; resolves to what it found when it is called. */
export function watchLoop(): () => Span[] {
  const stalls: Span[] = [];
  let tickedAt = nowMs();
  const tick = (): void => {
    const now = nowMs();
    if (now - tickedAt > STALL_FROM_MS) stalls.push({ from: tickedAt + EVERY_MS, until: now });
    tickedAt = now;
  };
  setInterval(tick, EVERY_MS).unref();
  return () => {
    tick();
    return stalls;
  };
}
