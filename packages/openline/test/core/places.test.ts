// Places are captured within a budget, which goes to the pool that shows a leak or a timeout.
import { type AcquireTimeoutError, createPool, type HolderInfo } from 'openline';
import { FakeConnector, ManualClock } from 'openline/testing';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { PlaceBudget } from '../../src/core/place.ts';
import { collectedUntil } from './collection.ts';
import { ask, type Kit, lease, setUp } from './kit.ts';

function here(budget: PlaceBudget, nowMs: number, pool: { clock: ManualClock } | undefined): boolean {
  return budget.capture({ ms: nowMs }, here, pool) !== undefined;
}

/** How many of so many captures are allowed. */
function allowed(budget: PlaceBudget, nowMs: number, pool: { clock: ManualClock }, asked: number): number {
  return Array.from({ length: asked }, () => here(budget, nowMs, pool)).filter(Boolean).length;
}

describe('the budget of captures', () => {
  const clock = new ManualClock();
  const [calm, leaking, other] = [{ clock }, { clock }, { clock }];

  test('is a thousand a second at the most, for all pools together', () => {
    const budget = new PlaceBudget();
    // How many fit into 2 ms is the machine's to say.
    const first = allowed(budget, 0, calm, 5_000);
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThanOrEqual(1_000);
    expect(allowed(budget, 999, other, 10)).toBe(0);
    expect(allowed(budget, 1_000, other, 5)).toBe(5);
  });

  test('goes to a pool that is favoured, for ten seconds', () => {
    const budget = new PlaceBudget();
    budget.favour(leaking, 5_000);
    expect(here(budget, 5_000, calm)).toBe(false);
    expect(here(budget, 5_000, leaking)).toBe(true);
    expect(here(budget, 14_999, calm)).toBe(false);
    expect(here(budget, 15_000, calm)).toBe(true);
    expect(here(budget, 15_001, calm)).toBe(true);
  });

  test('is not spent by the others meanwhile', () => {
    const budget = new PlaceBudget();
    budget.favour(leaking, 0);
    expect(allowed(budget, 1_000, calm, 5_000)).toBe(0);
    expect(here(budget, 1_000, leaking)).toBe(true);
  });

  test('is shared by those that are favoured', () => {
    const budget = new PlaceBudget();
    budget.favour(leaking, 0);
    budget.favour(other, 6_000);
    expect(here(budget, 12_000, leaking)).toBe(true);
    expect(here(budget, 12_000, other)).toBe(true);
    expect(here(budget, 12_000, calm)).toBe(false);
  });

  test('keeps the end of a lease whose beginning was captured', () => {
    const budget = new PlaceBudget();
    budget.favour(leaking, 0);
    expect(here(budget, 1_000, undefined)).toBe(true);
  });

  test('is kept from no pool with another clock', () => {
    const budget = new PlaceBudget();
    budget.favour(leaking, 0);
    expect(here(budget, 1_000, { clock: new ManualClock() })).toBe(true);
  });
});

/** A second pool on the clock of the first. */
function beside({ clock }: Kit): Kit {
  const connector = new FakeConnector({ clock });
  const pool = createPool(connector, { clock, name: 'beside', max: 1 });
  onTestFinished(async () => {
    const closing = pool.close({ timeoutMs: 0 });
    await clock.advance(1_000);
    await closing;
  });
  return { clock, connector, pool };
}

/** The place of the only holder of this pool. */
async function placeOfNext(kit: Kit): Promise<string | undefined> {
  const [held] = await lease(kit, 1);
  const [{ place }] = kit.pool.holders() as [HolderInfo];
  held!.release();
  return place;
}

describe('a pool comes first', () => {
  test.each([
    ['after a timeout', 'timedOut', { acquireTimeoutMs: 1_000 }],
    ['after a lease was overdue', 'leaseOverdue', { leakThresholdMs: 1_000 }],
  ] as const)('%s', async (_, event, options) => {
    const told = vi.fn();
    const kit = setUp({ max: 1, ...options, observers: [{ [event]: told }] });
    const other = beside(kit);
    const [held] = await lease(kit, 1);
    expect(await placeOfNext(other)).toContain('kit.ts');
    const waiting = ask(kit);
    await kit.clock.advance(1_000);
    expect(told).toHaveBeenCalledOnce();
    held!.release();
    await kit.clock.settle();
    if (waiting.state === 'resolved') waiting.value.release();
    expect(await placeOfNext(other)).toBeUndefined();
    expect(await placeOfNext(kit)).toContain('kit.ts');
    await kit.clock.advance(10_000);
    expect(await placeOfNext(other)).toContain('kit.ts');
  });

  test('after a lease was collected', async () => {
    const leaseLeaked = vi.fn();
    const kit = setUp({ max: 1, leakThresholdMs: 60_000, observers: [{ leaseLeaked }] });
    const other = beside(kit);
    await lease(kit, 1);
    await kit.clock.advance(2_000);
    expect(await collectedUntil(() => leaseLeaked.mock.calls.length > 0)).toBe(true);
    expect(await placeOfNext(other)).toBeUndefined();
  });
});

test('an acquire that times out says of a holder whose place was not captured that, and why', async () => {
  const kit = setUp({ max: 1 });
  const other = beside(kit);
  await lease(kit, 1);
  ask(kit, { timeoutMs: 10 });
  await kit.clock.advance(10);
  await lease(other, 1);
  const asked = ask(other, { timeoutMs: 10 });
  await kit.clock.advance(10);
  expect((asked.error as AcquireTimeoutError).holders).toMatchObject([{ place: undefined }]);
  expect(asked.error!.message).toContain(
    "Held longest: connection 1 for 10 ms by a place not captured. Places are captured for 1000 acquires a second at the most, in all pools; after a timeout this pool's come first for 10 s.",
  );
});
