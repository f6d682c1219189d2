// Time on the machine's own clock: read once a turn, and out of reach of a test's fake timers.
import { createPool, systemClock } from 'openline';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { TurnReading } from '../../src/core/clock.ts';

/** Keeps this thread busy, as a long calculation would. */
function block(ms: number): void {
  const until = process.hrtime.bigint() + BigInt(ms * 1e6);
  while (process.hrtime.bigint() < until);
}

afterEach(() => {
  vi.useRealTimers();
});

describe('the reading of a turn', () => {
  function reading(): { turn: TurnReading; time: { now: number; reads: number }; endTurn: () => void } {
    const time = { now: 0, reads: 0 };
    let forget: (() => void) | undefined;
    const read = (): number => {
      time.reads++;
      return time.now;
    };
    const turn = new TurnReading(read, (callback) => {
      expect(forget).toBeUndefined();
      forget = callback;
    });
    const endTurn = (): void => {
      const callback = forget;
      forget = undefined;
      callback?.();
    };
    return { turn, time, endTurn };
  }

  test('serves 64 uses, then the clock is asked again', () => {
    const { turn, time } = reading();
    for (let use = 0; use < 64; use++) expect(turn.turnNow().ms).toBe(0);
    time.now = 5;
    expect(time.reads).toBe(1);
    expect(turn.turnNow().ms).toBe(5);
    expect(time.reads).toBe(2);
  });

  test('is forgotten at the end of the turn', () => {
    const { turn, time, endTurn } = reading();
    turn.turnNow();
    time.now = 5;
    expect(turn.turnNow().ms).toBe(0);
    endTurn();
    expect(turn.turnNow().ms).toBe(5);
  });

  test('says whether it is served still', () => {
    const { turn, endTurn } = reading();
    const first = turn.turnNow();
    expect(first.isServed).toBe(true);
    turn.now();
    expect(first.isServed).toBe(false);
    const second = turn.turnNow();
    expect(second.isServed).toBe(true);
    endTurn();
    expect(second.isServed).toBe(false);
  });

  test('is renewed by whoever asks for a fresh one', () => {
    const { turn, time } = reading();
    turn.turnNow();
    time.now = 5;
    expect(turn.now()).toBe(5);
    time.now = 6;
    expect(turn.turnNow().ms).toBe(5);
  });
});

describe('a blockage of 500 ms inside one turn', () => {
  test('is not counted as wait where a connection was there', async () => {
    const pool = createPool({ open: async () => ({}) }, { max: 1 });
    await pool.warm(1);
    const held = await pool.acquire();
    held.release();
    block(500);
    (await pool.acquire()).release();
    const { wait } = pool.stats().times;
    expect(wait.count).toBe(2);
    expect(wait.maxMs).toBeLessThan(100);
    await pool.close();
  });

  test('does not shorten a deadline below 10 s, which counts from a fresh reading', async () => {
    const pool = createPool({ open: async () => ({}) }, { max: 1 });
    const held = await pool.acquire();
    systemClock.turnNow();
    block(500);
    const from = performance.now();
    await expect(pool.acquire({ timeoutMs: 300 })).rejects.toMatchObject({
      code: 'OPENLINE_ACQUIRE_TIMEOUT',
    });
    expect(performance.now() - from).toBeGreaterThanOrEqual(299);
    held.release();
    await pool.close();
  });
});

test('fake timers of a test cannot stop a pool', async () => {
  vi.useFakeTimers();
  const pool = createPool(
    { open: (): Promise<object> => new Promise(() => undefined) },
    { connectTimeoutMs: 30, acquireTimeoutMs: 80 },
  );
  await expect(pool.acquire()).rejects.toMatchObject({ code: 'OPENLINE_ACQUIRE_TIMEOUT' });
  const report = await pool.close();
  expect(report.drained).toBe(true);
});

test('a timer beyond 24 days does not fire at once', async () => {
  let fired = false;
  const timer = systemClock.setTimer(() => {
    fired = true;
  }, 2 ** 40);
  await new Promise((resolve) => setTimeout(resolve, 5));
  timer.cancel();
  expect(fired).toBe(false);
});
