// The figures that a diagnosis is made of: full servers, nested acquires, and who is at work.
import { AsyncResource } from 'node:async_hooks';
import { createPool } from 'openline';
import { FakeConnector, ManualClock } from 'openline/testing';
import { expect, it } from 'vitest';
import { setUpBudget } from './budget-kit.ts';
import { type Kit, setUp } from './kit.ts';

const pause = (clock: ManualClock, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.setTimer(resolve, ms));

/** As a request of its own comes: from no other's chain of calls. */
const outsideOthers = (call: () => Promise<void>): void =>
  void new AsyncResource('REQUEST', { requireManualDestroy: true }).runInAsyncScope(call);

it('counts the opens that a full server refused apart from other failures', async () => {
  const clock = new ManualClock();
  const connector = Object.assign(new FakeConnector({ clock }), {
    isFull: (error: unknown) => (error as Error).message === 'too many',
  });
  const pool = createPool(connector, { clock, acquireTimeoutMs: 3_000 });
  connector.next('open', new Error('too many'), new Error('refused'), 'ok');
  const lease = pool.acquire();
  await clock.advance(2_000);
  (await lease).release();
  expect(pool.stats().totals).toMatchObject({ openFailed: 2, refusedAsFull: 1 });
  await pool.close();
});

it('says of each holder whether its peer is at work, where the connector can tell', async () => {
  const working = new Set<number>();
  const clock = new ManualClock();
  const connector = Object.assign(new FakeConnector({ clock }), {
    isWorking: ({ id }: { id: number }) => working.has(id),
  });
  const pool = createPool(connector, { clock, max: 2 });
  const leases = [await pool.acquire(), await pool.acquire()];
  working.add(2);
  expect(pool.holders().map((holder) => [holder.connectionId, holder.working])).toEqual([
    [1, false],
    [2, true],
  ]);
  for (const lease of leases) lease.release();
  await pool.close();

  const { pool: other } = setUp();
  using _lease = await other.acquire();
  expect(other.holders()[0]).not.toHaveProperty('working');
});

it('says of each holder whether it is lent for long on purpose, and of none whose connector cannot tell', async () => {
  const kept = new Set<number>();
  const { clock, connector, pool } = setUp({ max: 3 });
  const isKept = ({ id }: { id: number }): boolean => {
    if (id === 3) throw new Error('broken');
    return kept.has(id);
  };
  Object.assign(connector, { isKept });
  const leases = [await pool.acquire(), await pool.acquire(), await pool.acquire()];
  kept.add(2);
  const told = (): unknown[] => pool.holders().map((holder) => holder.kept);
  expect(told()).toEqual([undefined, true, undefined]);
  await clock.advance(5_000);
  expect(told(), 'held weakly by then').toEqual([undefined, true, undefined]);
  for (const lease of leases) lease.release();
});

it('says that a shared budget keeps it from opening, while it does', async () => {
  const { budget, pools } = setUpBudget({ budgetMax: 2, pools: 2, max: 5 });
  const [one, other] = pools.map(({ pool }) => pool) as [Kit['pool'], Kit['pool']];
  const first = await one.acquire();
  expect(one.stats().shortage).toBeUndefined();
  const second = await other.acquire();
  expect(one.stats().shortage).toEqual({ max: budget.max, otherPools: 1, inOtherPools: 1 });
  expect(one.status().shortage).toEqual(one.stats().shortage);
  first.release();
  second.release();
});

it('counts callers that wait for a second connection while they hold a first one, once the pool has starved', async () => {
  const { clock, pool } = setUp({ max: 2, acquireTimeoutMs: 1_200 });
  const call = async (): Promise<void> => {
    try {
      using _first = await pool.acquire();
      await pause(clock, 10);
      using _second = await pool.acquire();
    } catch {
      // Its deadline.
    }
  };
  for (let turn = 0; turn < 60; turn++) {
    for (let caller = 0; caller < 3; caller++) outsideOthers(call);
    await clock.advance(100);
  }
  expect(pool.stats().totals.nested).toBeGreaterThan(3);
  await clock.advance(200_000);
});

it('counts nobody as nested who holds nothing', async () => {
  const { clock, pool } = setUp({ max: 1, acquireTimeoutMs: 2_000 });
  const call = async (): Promise<void> => {
    const lease = await pool.acquire().catch(() => undefined);
    await pause(clock, 1_500);
    lease?.release();
  };
  for (let turn = 0; turn < 60; turn++) {
    outsideOthers(call);
    await clock.advance(100);
  }
  expect(pool.stats().totals.timedOut).toBeGreaterThan(3);
  expect(pool.stats().totals.nested).toBe(0);
  await clock.advance(200_000);
});
