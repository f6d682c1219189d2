// A lease beyond leakThresholdMs is told of once, and again when it comes back.
import type { ConnectionEvent, PoolObserver } from 'openline';
import type { FakeConnection } from 'openline/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { captureEveryPlace } from '../support/every-place.ts';
import { type Kit, type KitOptions, lease, setUp } from './kit.ts';

beforeEach(captureEveryPlace);

type Told = ConnectionEvent & { ageMs?: number; heldMs?: number; place: string | undefined };

interface Watch extends Kit {
  readonly overdue: Told[];
  readonly returned: Told[];
}

function watch(options: KitOptions = {}): Watch {
  const overdue: Told[] = [];
  const returned: Told[] = [];
  const observer: PoolObserver<FakeConnection> = {
    leaseOverdue: (event) => overdue.push(event),
    overdueReturned: (event) => returned.push(event),
  };
  return { ...setUp({ leakThresholdMs: 4_000, observers: [observer], ...options }), overdue, returned };
}

describe('a lease beyond leakThresholdMs', () => {
  test('is told of once, with its age and place', async () => {
    const kit = watch();
    await lease(kit, 1);
    await kit.clock.advance(20_000);
    expect(kit.overdue).toHaveLength(1);
    const [{ ageMs, place }] = kit.overdue as [Told];
    expect(kit.overdue).toMatchObject([{ poolName: 'test', connectionId: 1, connection: { id: 1 } }]);
    expect(ageMs).toBeGreaterThanOrEqual(4_000);
    expect(ageMs).toBeLessThanOrEqual(5_100);
    expect(place).toContain('kit.ts');
  });

  test.each(['release', 'discard', 'detach'] as const)('is told of again at its %s', async (end) => {
    const kit = watch({ leftOpen: end === 'detach' ? 1 : 0 });
    const [held] = await lease(kit, 1);
    await kit.clock.advance(9_000);
    expect(kit.returned).toEqual([]);
    held![end]();
    expect(kit.returned).toMatchObject([{ poolName: 'test', connectionId: 1, heldMs: 9_000 }]);
    expect(kit.returned[0]!.place).toBe(kit.overdue[0]!.place);
    expect(kit.returned[0]!.place).toBeDefined();
  });

  test('is told of by itself where others share its line', async () => {
    const kit = watch({ max: 1, connector: { capacity: 3 } });
    const [first, second] = await lease(kit, 2, 'shared');
    await kit.clock.advance(3_000);
    const [third] = await lease(kit, 1, 'shared');
    second!.release();
    await kit.clock.advance(2_000);
    expect(kit.overdue).toHaveLength(1);
    third!.release();
    expect(kit.returned).toEqual([]);
    first!.release();
    expect(kit.returned).toMatchObject([{ connectionId: 1, heldMs: 5_000 }]);
  });

  test('has not come back when it is the pool that takes it', async () => {
    const kit = watch();
    await lease(kit, 1);
    await kit.clock.advance(9_000);
    const closing = kit.pool.close({ timeoutMs: 0 });
    await kit.clock.advance(1_000);
    expect((await closing).outstanding).toHaveLength(1);
    expect(kit.overdue).toHaveLength(1);
    expect(kit.returned).toEqual([]);
  });
});

test('a lease that ends in time is never told of', async () => {
  const kit = watch();
  const [held] = await lease(kit, 1);
  await kit.clock.advance(3_900);
  held!.release();
  await kit.clock.advance(9_000);
  expect(kit.overdue).toEqual([]);
  expect(kit.returned).toEqual([]);
});
