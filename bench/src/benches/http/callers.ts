// Callers that send one request after the other, all at the same time, and what that took.

import { setImmediate } from 'node:timers/promises';
import type { Sample } from '../../harness/bench.ts';
import { quantile } from '../../harness/statistics.ts';

/** Sends one request with a value that no other has under way; rejects where it isn't answered as it should be. */
export type Send = (value: number) => Promise<void>;

export interface Crowd {
  readonly callers: number;
  /** Milliseconds after which nobody sends again. */
  readonly ms: number;
}

export interface Outcome {
  readonly sample: Sample;
  /** Of the requests that failed, the first one's error. */
  readonly firstFailure: unknown;
}

/** Rate, latencies and CPU are those of the answers; a round without any has none of them. */
export async function runCrowd(send: Send, { callers, ms }: Crowd): Promise<Outcome> {
  const latencies: number[] = [];
  let failed = 0;
  let firstFailure: unknown;
  const cpu = process.cpuUsage();
  const start = performance.now();
  const end = start + ms;
  // Each sends at least once, however late the machine lets it begin.
  const call = async (_: unknown, caller: number): Promise<void> => {
    let from = performance.now();
    let turn = 0;
    do {
      try {
        await send(caller + callers * turn);
        const to = performance.now();
        latencies.push(to - from);
        from = to;
      } catch (error) {
        firstFailure ??= error;
        failed++;
        // One that fails at once would leave the others no turn of the event loop.
        await setImmediate();
        from = performance.now();
      }
      turn++;
    } while (from < end);
  };
  await Promise.all(Array.from({ length: callers }, call));
  const seconds = (performance.now() - start) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  const answers = latencies.length;
  if (answers === 0) return { sample: { failed }, firstFailure };
  const sorted = Float64Array.from(latencies).sort();
  const sample = {
    rate: answers / seconds,
    cpu: (user + system) / answers,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    failed,
  };
  return { sample, firstFailure };
}
