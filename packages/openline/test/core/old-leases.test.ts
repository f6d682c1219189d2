// A lease that has lasted is held by its user alone, and what the pool still says of it is text.
import type { Lease, Pool } from 'openline';
import type { FakeConnection } from 'openline/testing';
import { beforeEach, expect, test } from 'vitest';
import { captureEveryPlace } from '../support/every-place.ts';
import { collectedUntil } from './collection.ts';
import { ask, type Kit, lease, setUp } from './kit.ts';

beforeEach(captureEveryPlace);

/** As users hold leases: in an object that is itself the receiver of the call that acquires. */
class Service {
  lease: Lease<FakeConnection> | undefined;

  async start(pool: Pool<FakeConnection>): Promise<void> {
    this.lease = await pool.acquire();
  }
}

/** Starts a service, and forgets it. Returns what tells whether both it and its lease are gone. */
async function startAndForget({ pool, clock }: Kit): Promise<() => boolean> {
  const service = new Service();
  const starting = service.start(pool);
  await clock.settle();
  await starting;
  const refs = [new WeakRef(service), new WeakRef(service.lease!)];
  return () => refs.every((ref) => ref.deref() === undefined);
}

test.each([
  ['that waited for it', 0],
  ['that found it idle', 1],
])('an object %s, and was dropped with its lease, is collected', async (_, idle) => {
  const kit = setUp({ leakThresholdMs: 600_000 });
  await kit.pool.warm(idle);
  const gone = await startAndForget(kit);
  await kit.clock.advance(2_000);
  expect(await collectedUntil(gone)).toBe(true);
  expect(kit.pool.holders()).toMatchObject([
    { connectionId: 1, place: expect.stringMatching(/Service\.start .*old-leases\.test\.ts/) },
  ]);
});

test('until a lease has lasted, the pool itself has it', async () => {
  const kit = setUp();
  const gone = await startAndForget(kit);
  expect(await collectedUntil(gone)).toBe(false);
});

test.each(['release', 'discard', 'detach'] as const)(
  'an old lease ends with %s like a young one',
  async (end) => {
    const kit = setUp({ max: 1, leftOpen: end === 'detach' ? 1 : 0 });
    const [held] = await lease(kit, 1);
    await kit.clock.advance(5_000);
    expect(held!.mode).toBe('exclusive');
    held![end]();
    expect(held!.ended).toBe(true);
    expect(kit.pool.stats()).toMatchObject({ leases: 0, leased: 0, totals: { released: 1 } });
    expect(kit.pool.holders()).toEqual([]);
    expect(() => held!.release()).toThrow(/after the lease had been/);
  },
);

test('old and young shares of one line end in any order', async () => {
  const kit = setUp({ max: 1, connector: { capacity: 4 } });
  const [first, second] = await lease(kit, 2, 'shared');
  await kit.clock.advance(5_000);
  const [third] = await lease(kit, 1, 'shared');
  expect(kit.pool.holders().map(({ ageMs }) => ageMs)).toEqual([5_000, 5_000, 0]);
  second!.release();
  third!.release();
  expect(kit.pool.stats()).toMatchObject({ leases: 1, leased: 1 });
  first!.release();
  expect(kit.pool.stats()).toMatchObject({ leases: 0, idle: 1 });
});

test('a waiter is served by the release of an old lease', async () => {
  const kit = setUp({ max: 1 });
  const [held] = await lease(kit, 1);
  const waiting = ask(kit);
  await kit.clock.advance(5_000);
  held!.release();
  await kit.clock.settle();
  waiting.value.release();
});

test('close() takes back old leases, and one that was collected', async () => {
  const kit = setUp({ max: 2, leakThresholdMs: 600_000 });
  const gone = await startAndForget(kit);
  const [held] = await lease(kit, 1);
  await kit.clock.advance(2_000);
  expect(await collectedUntil(gone)).toBe(true);
  const closing = kit.pool.close({ timeoutMs: 0 });
  await kit.clock.advance(1_000);
  expect((await closing).outstanding).toHaveLength(2);
  expect(() => held!.connection).toThrow(/taken back/);
  held!.release();
  expect(kit.pool.stats()).toMatchObject({ size: 0, leases: 0, totals: { acquired: 2, released: 2 } });
});
