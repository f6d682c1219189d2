// The pool grows when an open is quicker than waiting, and not before.
import { describe, expect, test } from 'vitest';
import { type Kit, openIdle, setUp } from './kit.ts';

/** `callers` ask at once and use their connection for `useMs`. Returns how long the last one waited, and the opens it took. */
async function spike(
  kit: Kit,
  callers: number,
  useMs: number,
): Promise<{ longestMs: number; opens: number }> {
  const { clock, pool, connector } = kit;
  const before = connector.opens.length;
  const from = clock.now();
  let longestMs = 0;
  let left = callers;
  for (let caller = 0; caller < callers; caller++) {
    void pool.acquire().then((its) => {
      longestMs = Math.max(longestMs, clock.now() - from);
      clock.setTimer(() => {
        its.release();
        left--;
      }, useMs);
    });
  }
  while (left > 0) await clock.advance(1);
  return { longestMs, opens: connector.opens.length - before };
}

describe('with connects of 150 ms, 5 idle connections and 50 callers at once', () => {
  const set = async (): Promise<Kit> => {
    const kit = setUp({ max: 50, connector: { open: 'slow', slowMs: 150 } });
    const warming = kit.pool.warm(5);
    await kit.clock.advance(150);
    await warming;
    return kit;
  };

  test('short uses are waited for: two opens at the most, and 25 ms for the last caller', async () => {
    const { longestMs, opens } = await spike(await set(), 50, 2);
    expect(opens).toBeLessThanOrEqual(2);
    expect(longestMs).toBeLessThanOrEqual(25);
  });

  test('slow uses make it grow, so that the last caller waits a third of what five connections would cost', async () => {
    const { longestMs, opens } = await spike(await set(), 50, 200);
    expect(opens).toBeGreaterThanOrEqual(15);
    expect(longestMs).toBeLessThanOrEqual(1_800 / 3);
  });

  test('a second spike of the same kind finds what the first one taught', async () => {
    const kit = await set();
    await spike(kit, 50, 2);
    const { longestMs, opens } = await spike(kit, 50, 2);
    expect(opens).toBeLessThanOrEqual(2);
    expect(longestMs).toBeLessThanOrEqual(25);
  });
});

test('with nothing leased, each waiter has a connection opened at once', async () => {
  const kit = setUp({ max: 8, connector: { open: 'slow' } });
  for (let caller = 0; caller < 6; caller++) kit.pool.acquire().catch(() => undefined);
  expect(kit.connector.opens).toHaveLength(6);
});

test('a lease that never comes back is waited for no longer than an open takes', async () => {
  const kit = setUp({ max: 2, connector: { open: 'slow', slowMs: 40 } });
  const warming = kit.pool.warm(1);
  await kit.clock.advance(40);
  await warming;
  await kit.pool.acquire();
  let servedAt: number | undefined;
  void kit.pool.acquire().then(() => {
    servedAt = kit.clock.now();
  });
  const from = kit.clock.now();
  await kit.clock.advance(1_000);
  expect(servedAt! - from).toBeLessThanOrEqual(2 * 40 + 40);
});

test('a backlog that never ends gets one more connection', async () => {
  const kit = setUp({ max: 2, connector: { open: 'slow', slowMs: 20 } });
  await openIdleSlowly(kit);
  let stopped = false;
  const caller = (): void => {
    void kit.pool.acquire().then((its) => {
      kit.clock.setTimer(() => {
        its.release();
        if (!stopped) caller();
      }, 1);
    });
  };
  for (let callers = 0; callers < 3; callers++) caller();
  await kit.clock.advance(200);
  stopped = true;
  await kit.clock.advance(50);
  expect(kit.connector.opens).toHaveLength(2);
});

async function openIdleSlowly(kit: Kit): Promise<void> {
  const opening = openIdle(kit, 1);
  await kit.clock.settle();
  await kit.clock.advance(20);
  await opening;
}
