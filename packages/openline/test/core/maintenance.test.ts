// What the pool does while nobody asks: idle time, min, lifetimes, keepalive, overdue leases.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ask, lease, openIdle, setUp } from './kit.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('idle connections', () => {
  test('are closed after idleTimeoutMs, down to min, the least recently used first', async () => {
    const kit = setUp({ max: 4, min: 1, idleTimeoutMs: 10_000, connector: { validate: 'none' } });
    await openIdle(kit, 4);
    await kit.clock.advance(5_000);
    await kit.pool.use(({ id }) => expect(id).toBe(4));
    await kit.clock.advance(7_500);
    expect(kit.pool.connections().map(({ id }) => id)).toEqual([4]);
    await kit.clock.advance(60_000);
    expect(kit.pool.stats()).toMatchObject({ idle: 1, totals: { closed: { idle: 3 } } });
  });

  test('are validated after keepaliveMs, and stay as old as they were', async () => {
    const kit = setUp({ max: 2, keepaliveMs: 5_000, idleTimeoutMs: 12_000 });
    await openIdle(kit, 2);
    await kit.clock.advance(6_500);
    expect(kit.connector.validations).toHaveLength(2);
    await kit.clock.advance(7_000);
    expect(kit.pool.stats()).toMatchObject({ size: 0, totals: { closed: { idle: 2 } } });
  });

  test('that do not survive their keepalive are closed, and min is filled up', async () => {
    const kit = setUp({ max: 2, min: 2, keepaliveMs: 5_000 });
    await kit.clock.settle();
    kit.connector.next('validate', 'fail');
    await kit.clock.advance(7_000);
    expect(kit.pool.stats()).toMatchObject({ idle: 2, totals: { opened: 3, closed: { invalid: 1 } } });
  });

  test('keep the order of their last use through a keepalive', async () => {
    const kit = setUp({
      max: 3,
      keepaliveMs: 5_000,
      validateAfterIdleMs: Number.POSITIVE_INFINITY,
      connector: { validate: 'slow', slowMs: 20 },
    });
    const held = await lease(kit, 3);
    for (const number of [1, 0, 2]) {
      held[number]!.release();
      await kit.clock.advance(1_000);
    }
    await kit.clock.advance(3_200);
    const asked = kit.connector.validations.map(({ connection }) => connection!.id);
    expect(asked.slice(0, 1)).toEqual([2]);
    expect(asked.length).toBeLessThan(3);
    const again = await lease(kit, 3);
    expect(again.map(({ connection }) => connection.id)).toEqual([3, 1, 2]);
  });
});

describe('min', () => {
  test('is opened when the pool is made, and filled up when a connection is lost', async () => {
    const kit = setUp({ max: 4, min: 2 });
    await kit.clock.settle();
    expect(kit.pool.stats().idle).toBe(2);
    for (const connection of [...kit.connector.live]) kit.connector.lose(connection);
    await kit.clock.advance(1_000);
    expect(kit.pool.stats()).toMatchObject({ idle: 2, totals: { opened: 4, closed: { lost: 2 } } });
  });

  test('is tried again through an outage', async () => {
    const kit = setUp({ max: 4, min: 1, connector: { open: 'fail' } });
    await kit.clock.advance(5_000);
    kit.connector.set('open', 'ok');
    await kit.clock.advance(1_500);
    expect(kit.pool.stats().idle).toBe(1);
  });
});

describe('lifetimes', () => {
  test.each([
    ['at the latest after maxLifetimeMs', 0, 100_000],
    ['a tenth earlier at the most', 0.999_999, 90_000],
  ])('end %s', async (_, random, lifeMs) => {
    vi.spyOn(Math, 'random').mockReturnValue(random);
    const kit = setUp({ maxLifetimeMs: 100_000, connector: { validate: 'none' } });
    await openIdle(kit, 1);
    await kit.clock.advance(lifeMs - 1_000);
    expect(kit.pool.stats().size).toBe(1);
    await kit.clock.advance(2_001);
    expect(kit.pool.stats()).toMatchObject({ size: 0, totals: { closed: { lifetime: 1 } } });
  });

  test('do not end together', async () => {
    const kit = setUp({ max: 50, maxLifetimeMs: 100_000, connector: { validate: 'none' } });
    await openIdle(kit, 50);
    await kit.clock.advance(90_000);
    let most = 0;
    for (let second = 0; second < 12; second++) {
      const before = kit.pool.stats().size;
      await kit.clock.advance(1_000);
      most = Math.max(most, before - kit.pool.stats().size);
    }
    expect(kit.pool.stats().size).toBe(0);
    expect(most).toBeLessThan(25);
  });

  test('of a leased connection end when it comes back', async () => {
    const kit = setUp({ max: 1, maxLifetimeMs: 10_000 });
    const [held] = await lease(kit, 1);
    await kit.clock.advance(60_000);
    expect(kit.pool.connections()).toMatchObject([{ state: 'leased', condemned: 'lifetime' }]);
    const asked = ask(kit);
    held!.release();
    await kit.clock.settle();
    expect(asked.value.connection.id).toBe(2);
  });
});

test('an empty pool without min has no timer at all', async () => {
  const kit = setUp({ idleTimeoutMs: 5_000 });
  expect(kit.clock.pending).toEqual([]);
  await kit.pool.use(() => undefined);
  expect(kit.clock.pending.some((timer) => timer.keepsAlive)).toBe(false);
  await kit.clock.advance(60_000);
  expect(kit.pool.stats().size).toBe(0);
  expect(kit.clock.pending).toEqual([]);
});
