// Callers that ask one statement after the other, all at the same time, and what that took.

import type { Ask } from '../../contenders/query.ts';
import type { Sample } from '../../harness/bench.ts';
import { quantile } from '../../harness/statistics.ts';
import type { Make, Statement } from './statements.ts';

/** Of a mix, one statement in so many is a long one: the same ones in each round. */
const LONG_ONE_IN = 20;

export interface Crowd {
  readonly callers: number;
  /** Milliseconds after which nobody asks again. */
  readonly ms: number;
  readonly make: Make;
  readonly makeLong?: Make | undefined;
}

/** The latencies of a mix are those of its short statements; `longP99` is that of the others. */
export async function runCrowd(ask: Ask, { callers, ms, make, makeLong }: Crowd): Promise<Sample> {
  const latencies: number[] = [];
  const long: number[] = [];
  const cpu = process.cpuUsage();
  const start = performance.now();
  const end = start + ms;
  // Each asks at least once, however late the machine lets it begin.
  const call = async (_: unknown, caller: number): Promise<void> => {
    let from = performance.now();
    let turn = 0;
    do {
      const value = caller + callers * turn;
      const isLong = makeLong !== undefined && (caller + turn) % LONG_ONE_IN === 0;
      await askFor((isLong ? makeLong : make)(value), ask);
      const to = performance.now();
      (isLong ? long : latencies).push(to - from);
      from = to;
      turn++;
    } while (from < end);
  };
  await Promise.all(Array.from({ length: callers }, call));
  const seconds = (performance.now() - start) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  const answers = latencies.length + long.length;
  const sorted = Float64Array.from(latencies).sort();
  return {
    rate: answers / seconds,
    cpu: (user + system) / answers,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    ...(makeLong === undefined ? {} : { longP99: quantile(Float64Array.from(long).sort(), 0.99) }),
  };
}

/** @throws Error when the answer is another's, or none. */
export async function askFor({ text, values, answer }: Statement, ask: Ask): Promise<void> {
  const got = await ask(text, values);
  if (got !== answer) throw new Error(`asked for ${answer}, got ${got}: ${text}`);
}
