// A lease that was garbage-collected without an end is a leak by proof; its connection may be in use still.
import { AsyncResource } from 'node:async_hooks';
import type { AcquireTimeoutError, ConnectionEvent, Lease } from 'openline';
import type { FakeConnection } from 'openline/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { captureEveryPlace } from '../support/every-place.ts';
import { collectedUntil } from './collection.ts';
import { ask, type Kit, type KitOptions, lease, setUp, Watched } from './kit.ts';

beforeEach(captureEveryPlace);

type Told = ConnectionEvent & { ageMs: number; place: string | undefined };

interface Watch extends Kit {
  readonly leaked: Told[];
}

function watch(options: KitOptions = {}): Watch {
  const leaked: Told[] = [];
  const observers = [{ leaseLeaked: (event: Told) => leaked.push(event) }];
  return { ...setUp({ max: 1, leakThresholdMs: 60_000, observers, ...options }), leaked };
}

async function granted(kit: Kit): Promise<Lease<FakeConnection>> {
  return (await lease(kit, 1))[0]!;
}

/** Leases a connection and drops the lease. Returns the bare connection, which is the user's to use still. */
async function leak(
  { pool, clock }: Kit,
  mode: 'exclusive' | 'shared' = 'exclusive',
): Promise<FakeConnection> {
  const acquiring = pool.acquire({ mode });
  await clock.settle();
  return (await acquiring).connection;
}

/** Leaks, and lets it be found. */
async function leakAndTell(kit: Watch, mode?: 'shared'): Promise<FakeConnection> {
  const connection = await leak(kit, mode);
  await kit.clock.advance(3_000);
  expect(await collectedUntil(() => kit.leaked.length > 0)).toBe(true);
  return connection;
}

test('it is told of at once, with its place, and its connection is lent no more but counts', async () => {
  const kit = watch();
  const connection = await leakAndTell(kit);
  expect(kit.leaked).toMatchObject([
    { poolName: 'test', connectionId: 1, connection, ageMs: 3_000, place: expect.stringContaining('leak ') },
  ]);
  expect(kit.pool.connections()).toMatchObject([{ state: 'leased', condemned: 'leaked', leases: 1 }]);
  expect(kit.pool.stats()).toMatchObject({ size: 1, max: 1, leases: 1 });
  expect(kit.pool.holders()).toMatchObject([{ connectionId: 1, leaked: true }]);
  expect(kit.connector.live.size).toBe(1);
});

test('its connection is closed when it has been quiet for a second, and those who wait are served', async () => {
  const kit = watch();
  const waiting = ask(kit);
  await kit.clock.settle();
  waiting.value.release();
  const connection = await leakAndTell(kit);
  const next = ask(kit);
  await kit.clock.advance(900);
  expect(kit.connector.live).toContain(connection);
  await kit.clock.advance(300);
  expect(kit.connector.live).not.toContain(connection);
  expect(next.value.connection.id).toBe(2);
  expect(kit.pool.stats().totals).toMatchObject({ acquired: 3, released: 2, closed: { leaked: 1 } });
  next.value.release();
});

test('while something is under way on it, it is left alone', async () => {
  const kit = watch();
  const connection = await leakAndTell(kit);
  for (let query = 0; query < 5; query++) {
    kit.connector.busy.add(connection);
    await kit.clock.advance(500);
    kit.connector.busy.delete(connection);
    await kit.clock.advance(800);
  }
  expect(kit.connector.live).toContain(connection);
  await kit.clock.advance(500);
  expect(kit.connector.live).not.toContain(connection);
});

test('it is closed at leakThresholdMs at the latest', async () => {
  const kit = watch({ leakThresholdMs: 10_000 });
  const connection = await leakAndTell(kit);
  kit.connector.busy.add(connection);
  await kit.clock.advance(6_900);
  expect(kit.connector.live).toContain(connection);
  await kit.clock.advance(200);
  expect(kit.connector.live).not.toContain(connection);
});

test('one that was overdue before is told of again, and its connection closed at once', async () => {
  const told: string[] = [];
  const kit = watch({
    leakThresholdMs: 5_000,
    observers: [
      {
        leaseOverdue: () => told.push('overdue'),
        overdueReturned: () => told.push('returned'),
        leaseLeaked: () => told.push('leaked'),
        closed: ({ reason }) => told.push(`closed ${reason}`),
      },
    ],
  });
  const connection = await leak(kit);
  await kit.clock.advance(9_000);
  expect(told).toEqual(['overdue']);
  kit.connector.busy.add(connection);
  expect(await collectedUntil(() => told.includes('leaked'))).toBe(true);
  await kit.clock.advance(50);
  expect(told).toEqual(['overdue', 'leaked', 'closed leaked']);
});

test('with a connector that cannot say what is under way, it is closed at leakThresholdMs', async () => {
  const kit = watch({ leakThresholdMs: 10_000 });
  Object.assign(kit.connector, { isQuiet: undefined });
  const connection = await leakAndTell(kit);
  await kit.clock.advance(6_900);
  expect(kit.connector.live).toContain(connection);
  await kit.clock.advance(200);
  expect(kit.connector.live).not.toContain(connection);
});

test('a shared one takes no line from the others on it', async () => {
  const kit = watch({ connector: { capacity: 3 } });
  const [other] = await lease(kit, 1, 'shared');
  const connection = await leakAndTell(kit, 'shared');
  const asked = ask(kit, { mode: 'shared' });
  await kit.clock.advance(2_000);
  expect(kit.pool.stats()).toMatchObject({ leases: 1, waiting: 1 });
  expect(other!.connection).toBe(connection);
  other!.release();
  await kit.clock.settle();
  expect(kit.connector.live).not.toContain(connection);
  expect(asked.value.connection.id).toBe(2);
  asked.value.release();
});

test('a connection that has died meanwhile is closed as one that was lost', async () => {
  const kit = watch();
  const connection = await leak(kit);
  kit.connector.lose(connection);
  await kit.clock.advance(3_000);
  expect(await collectedUntil(() => kit.leaked.length > 0)).toBe(true);
  await kit.clock.advance(1_500);
  expect(kit.pool.stats()).toMatchObject({ size: 0, totals: { closed: { lost: 1 } } });
});

test('the error of a caller who waits in vain says that it never comes back', async () => {
  const kit = watch();
  const connection = await leakAndTell(kit);
  kit.connector.busy.add(connection);
  const asked = ask(kit, { timeoutMs: 2_000 });
  await kit.clock.advance(2_000);
  expect((asked.error as AcquireTimeoutError).holders).toMatchObject([{ leaked: true }]);
  expect(asked.error!.message).toMatch(
    /connection 1 for 5000 ms by leak \(.*leaked\.test\.ts:\d+:\d+\), a lease that was garbage-collected and never ended/,
  );
});

test('a chain of calls that lives on does not keep it where the pool marks its callers', async () => {
  const kit = watch();
  const [held] = await lease(kit, 1);
  const waiting = ask(kit);
  await kit.clock.advance(3_000);
  held!.release();
  await kit.clock.settle();
  waiting.value.release();
  const chain = await (async () => {
    await leak(kit);
    return new AsyncResource('a chain that lives on');
  })();
  await kit.clock.advance(3_000);
  expect(await collectedUntil(() => kit.leaked.length > 0)).toBe(true);
  chain.emitDestroy();
});

test.each(['release', 'discard'] as const)('a lease that ended with %s is none', async (end) => {
  const kit = watch();
  let wasCollected = false;
  const registry = new FinalizationRegistry(() => (wasCollected = true));
  await (async () => {
    const held: Lease<FakeConnection> = (await lease(kit, 1))[0]!;
    registry.register(held, undefined);
    await kit.clock.advance(3_000);
    held[end]();
  })();
  expect(await collectedUntil(() => wasCollected)).toBe(true);
  expect(await collectedUntil(() => kit.leaked.length > 0)).toBe(false);
});

describe('close() does not wait for what never comes back', () => {
  test.each([
    ['before', true],
    ['after', false],
  ])('where it was found %s the pool began to close', async (_, isKnown) => {
    const kit = watch({ max: 2 });
    const held = await granted(kit);
    if (isKnown) await leakAndTell(kit);
    else {
      await leak(kit);
      await kit.clock.advance(3_000);
    }
    const closing = new Watched(kit.pool.close({ timeoutMs: Number.POSITIVE_INFINITY }), kit.clock);
    expect(await collectedUntil(() => kit.leaked.length > 0)).toBe(true);
    await kit.clock.advance(900);
    expect(kit.connector.live.size).toBe(2);
    await kit.clock.advance(200);
    expect(kit.connector.live.size).toBe(1);
    held.release();
    await kit.clock.settle();
    expect(closing.value).toEqual({ drained: true, outstanding: [] });
  });

  test('nor where the connector cannot say what is under way', async () => {
    const kit = watch();
    Object.assign(kit.connector, { isQuiet: undefined });
    await leakAndTell(kit);
    const closing = new Watched(kit.pool.close(), kit.clock);
    await kit.clock.advance(1_100);
    expect(closing.value).toEqual({ drained: true, outstanding: [] });
  });

  test('as long as nothing is under way on it: that is waited for, up to the time for all', async () => {
    const kit = watch();
    const connection = await leakAndTell(kit);
    kit.connector.busy.add(connection);
    const closing = new Watched(kit.pool.close({ timeoutMs: 5_000 }), kit.clock);
    await kit.clock.advance(4_900);
    expect(kit.connector.live).toContain(connection);
    await kit.clock.advance(200);
    expect(closing.value).toMatchObject({ drained: false, outstanding: [{ connectionId: 1, leaked: true }] });
  });
});

test('close() without a limit does not wait for a lease that was young when it began', async () => {
  const kit = watch();
  await leak(kit);
  const closing = new Watched(kit.pool.close({ timeoutMs: Number.POSITIVE_INFINITY }), kit.clock);
  await kit.clock.settle();
  expect(closing.state).toBe('pending');
  expect(await collectedUntil(() => kit.leaked.length > 0)).toBe(true);
  await kit.clock.advance(1_500);
  expect(closing.value.drained).toBe(true);
});
