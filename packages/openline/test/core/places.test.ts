// Places are captured within a budget, which goes to the pool that shows a leak or a timeout.
import { type AcquireTimeoutError, createPool, type HolderInfo } from 'openline';
import { FakeConnector, ManualClock } from 'openline/testing';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { PlaceBudget, placeBudget } from '../../src/core/place.ts';
import { captureEveryPlace } from '../support/every-place.ts';
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
    const budget = new PlaceBudget(() => 0);
    const first = allowed(budget, 0, calm, 5_000);
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThanOrEqual(1_000);
    expect(allowed(budget, 999, other, 10)).toBe(0);
    expect(allowed(budget, 1_000, other, 5)).toBe(5);
  });

  /** Each reading of its clock is so much later. */
  const costing = (ms: number): PlaceBudget => {
    let readings = 0;
    return new PlaceBudget(() => readings++ * ms);
  };

  test('is two milliseconds a second at the most, but for the first two hundred captures', () => {
    expect(allowed(costing(0.00390625), 0, calm, 5_000)).toBe(512);
    expect(allowed(costing(0.015625), 0, calm, 5_000)).toBe(200);
    expect(allowed(costing(50), 0, calm, 5_000)).toBe(200);
  });

  test('is no less by what has interrupted a capture', () => {
    const readings = [0, 1_000];
    const budget = new PlaceBudget(() => readings.shift() ?? 0);
    expect(allowed(budget, 0, calm, 5_000)).toBe(1_000);
  });

  test('is half that of a pool that is favoured, for ten seconds, however little time is left', () => {
    const slow = costing(1);
    slow.favour(leaking, 0);
    expect(allowed(slow, 0, calm, 5_000)).toBe(100);
    expect(allowed(slow, 0, leaking, 5_000)).toBe(100);
    const budget = new PlaceBudget(() => 0);
    budget.favour(leaking, 5_000);
    const taken = allowed(budget, 5_000, calm, 5_000);
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThanOrEqual(500);
    expect(here(budget, 5_000, undefined)).toBe(false);
    expect(here(budget, 5_000, leaking)).toBe(true);
    expect(here(budget, 15_000, calm)).toBe(true);
  });

  test('is shared by those that are favoured', () => {
    const budget = new PlaceBudget(() => 0);
    budget.favour(leaking, 0);
    budget.favour(other, 6_000);
    allowed(budget, 12_000, calm, 5_000);
    expect(here(budget, 12_000, leaking)).toBe(true);
    expect(here(budget, 12_000, other)).toBe(true);
    expect(here(budget, 12_000, calm)).toBe(false);
  });

  test('stays theirs when a lease of before ends', () => {
    const budget = new PlaceBudget(() => 0);
    budget.favour(leaking, 5_000);
    allowed(budget, 5_000, calm, 5_000);
    expect(here(budget, 100, undefined)).toBe(false);
    expect(here(budget, 5_000, calm)).toBe(false);
    expect(here(budget, 5_000, leaking)).toBe(true);
  });

  test('is not made new by the end of a lease of before', () => {
    const budget = new PlaceBudget(() => 0);
    allowed(budget, 5_000, calm, 5_000);
    expect(here(budget, 100, undefined)).toBe(false);
    expect(here(budget, 5_000, calm)).toBe(false);
  });

  test('keeps no pool alive that was favoured', async () => {
    const budget = new PlaceBudget(() => 0);
    let collected = false;
    const registry = new FinalizationRegistry(() => (collected = true));
    (() => {
      const gone = { clock };
      registry.register(gone, undefined);
      budget.favour(gone, 0);
    })();
    expect(await collectedUntil(() => collected)).toBe(true);
  });

  test('is kept from no pool with another clock', () => {
    const budget = new PlaceBudget(() => 0);
    budget.favour(leaking, 0);
    allowed(budget, 1_000, calm, 5_000);
    expect(here(budget, 1_000, { clock: new ManualClock() })).toBe(true);
  });
});

afterEach(() => {
  vi.restoreAllMocks();
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

/** Takes the captures that are for everybody. */
async function spend(kit: Kit): Promise<void> {
  await placeOfNext(kit);
  for (let cycle = 0; cycle < 2_000; cycle++) kit.pool.tryAcquire()!.release();
}

describe('captures are kept for a pool', () => {
  test.each([
    ['after a timeout', { acquireTimeoutMs: 1_000 }],
    ['after a lease was overdue', { leakThresholdMs: 1_000 }],
  ])('%s', async (_, options) => {
    const favour = vi.spyOn(placeBudget, 'favour');
    const kit = setUp({ max: 1, ...options });
    await lease(kit, 1);
    ask(kit);
    await kit.clock.advance(999);
    expect(favour).not.toHaveBeenCalled();
    await kit.clock.advance(1);
    expect(favour).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ name: 'test' }), 2_000);
  });

  test('after a caller was refused since the queue is full', async () => {
    const favour = vi.spyOn(placeBudget, 'favour');
    const kit = setUp({ max: 1, maxWaiters: 1 });
    await lease(kit, 1);
    ask(kit);
    expect(favour).not.toHaveBeenCalled();
    ask(kit);
    expect(favour).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ name: 'test' }), 1_000);
  });

  test('but not for one who would not wait, and had only asked what is there', async () => {
    const favour = vi.spyOn(placeBudget, 'favour');
    const kit = setUp({ max: 1 });
    await lease(kit, 1);
    expect(kit.pool.tryAcquire()).toBeUndefined();
    const refused = ask(kit, { timeoutMs: 0 });
    await kit.clock.settle();
    expect(refused.error?.code).toBe('OPENLINE_ACQUIRE_TIMEOUT');
    expect(favour).not.toHaveBeenCalled();
  });

  test('after a lease was collected', async () => {
    const favour = vi.spyOn(placeBudget, 'favour');
    const kit = setUp({ max: 1, leakThresholdMs: 60_000 });
    await lease(kit, 1);
    await kit.clock.advance(2_000);
    expect(await collectedUntil(() => favour.mock.calls.length > 0)).toBe(true);
  });
});

test('the place of one who waits comes from the same budget', async () => {
  captureEveryPlace();
  const kit = setUp({ max: 1 });
  const [held] = await lease(kit, 1);
  const capture = vi.spyOn(placeBudget, 'capture');
  const captured = ask(kit);
  expect(capture.mock.calls.map(([, , pool]) => pool)).toMatchObject([{ name: 'test' }]);
  capture.mockReturnValue(undefined);
  const uncaptured = ask(kit);
  held!.release();
  await kit.clock.settle();
  expect(kit.pool.holders()).toMatchObject([{ place: expect.stringContaining('ask (') }]);
  captured.value.release();
  await kit.clock.settle();
  expect(kit.pool.holders()).toMatchObject([{ place: undefined }]);
  uncaptured.value.release();
});

test('an acquire that times out says of a holder whose place was not captured that, and why', async () => {
  const kit = setUp({ max: 1 });
  const other = beside(kit);
  await lease(kit, 1);
  ask(kit, { timeoutMs: 10 });
  await kit.clock.advance(10);
  await spend(other);
  await lease(other, 1);
  const asked = ask(other, { timeoutMs: 10 });
  await kit.clock.advance(10);
  expect((asked.error as AcquireTimeoutError).holders).toMatchObject([{ place: undefined }]);
  expect(asked.error!.message).toContain(
    'Held longest: connection 1 for 10 ms by a place not captured. Places are captured for 1000 acquires a second at the most, in all pools; after a timeout half of them are for this pool, for 10 s.',
  );
});
