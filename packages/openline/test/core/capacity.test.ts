// Connections whose capacity falls: below their leases, or to nothing.
import { assertInvariants } from 'openline/testing';
import { describe, expect, test } from 'vitest';
import { ask, type Kit, lease, openIdle, setUp } from './kit.ts';

/** Has the pool learned that leases are short, and opens slow: it would rather wait for a lease than open. */
async function learnShortLeases(kit: Kit): Promise<void> {
  const [held] = await lease(kit, 1, 'shared');
  held!.release();
  for (let round = 0; round < 50; round++) (await lease(kit, 1, 'shared'))[0]!.release();
}

async function slowKit(capacity: number): Promise<Kit> {
  const kit = setUp({ max: 3, connector: { open: 'slow', slowMs: 100, capacity } });
  const opening = openIdle(kit, 1);
  await kit.clock.advance(100);
  await opening;
  await learnShortLeases(kit);
  return kit;
}

describe('a connection whose capacity has fallen to 0', () => {
  test.each(['exclusive', 'shared'] as const)('is not lent when it is idle: an %s lease', async (mode) => {
    const kit = setUp({ max: 2, connector: { capacity: 5, validate: 'none' } });
    await openIdle(kit, 1);
    kit.connector.setCapacity(0, [...kit.connector.live][0]);
    expect(kit.pool.tryAcquire(mode)).toBeUndefined();
    const asked = ask(kit, mode === 'shared' ? { mode } : undefined);
    await kit.clock.settle();
    expect(asked.value.connection.id).toBe(2);
    expect(kit.pool.stats().totals.closed).toEqual({ retired: 1 });
  });

  test('is closed by the tick when nobody asks for it', async () => {
    const kit = setUp({ max: 2, connector: { capacity: 5 } });
    await openIdle(kit, 1);
    kit.connector.setCapacity(0, [...kit.connector.live][0]);
    await kit.clock.advance(1_000);
    expect(kit.pool.stats().totals.closed).toEqual({ retired: 1 });
  });

  test('is not validated in vain', async () => {
    const kit = setUp({ max: 2, validateAfterIdleMs: 0, connector: { capacity: 5 } });
    await openIdle(kit, 1);
    kit.connector.setCapacity(0, [...kit.connector.live][0]);
    await kit.clock.advance(10);
    ask(kit);
    await kit.clock.settle();
    expect(kit.connector.validations).toHaveLength(0);
  });

  test('is not offered as unasked', async () => {
    const unasked: unknown[] = [];
    const kit = setUp({
      max: 2,
      connector: {
        capacity: 5,
        place: (lines) => {
          unasked.push(lines.unasked());
          return lines.idle();
        },
      },
    });
    await openIdle(kit, 1);
    kit.connector.setCapacity(0, [...kit.connector.live][0]);
    kit.pool.tryAcquire('shared');
    expect(unasked).toEqual([undefined]);
  });

  test.each(['exclusive', undefined] as const)('is closed when it comes back (%s)', async (mode) => {
    const kit = setUp({ max: 1, connector: { capacity: 5 } });
    const [held] = await lease(kit, 1, mode === undefined ? 'shared' : undefined);
    kit.connector.setCapacity(0, held!.connection);
    const asked = ask(kit, { mode: 'shared' });
    await kit.clock.settle();
    expect(asked.state).toBe('pending');
    held!.release();
    await kit.clock.settle();
    expect(asked.value.connection.id).toBe(2);
    expect(kit.pool.stats().totals.closed).toEqual({ retired: 1 });
  });

  test('is closed when it comes back though nobody waits', async () => {
    const kit = setUp({ max: 1, connector: { capacity: 5 } });
    const [held] = await lease(kit, 1, 'shared');
    kit.connector.setCapacity(0, held!.connection);
    held!.release();
    await kit.clock.settle();
    expect(kit.pool.stats()).toMatchObject({ size: 0, totals: { closed: { retired: 1 } } });
  });

  test('says nothing of the capacity of those to come', async () => {
    const kit = setUp({ max: 8, connector: { capacity: 10 } });
    const [held] = await lease(kit, 1, 'shared');
    kit.connector.setCapacity(0, held!.connection);
    kit.connector.set('open', 'slow');
    for (let callers = 0; callers < 10; callers++) ask(kit, { mode: 'shared' });
    await kit.clock.settle();
    expect(kit.pool.stats().opening).toBe(1);
  });

  test('from its opening on is an open that failed, and the next one waits', async () => {
    const kit = setUp({ max: 2, acquireTimeoutMs: 500, connector: { capacity: 0 } });
    const asked = ask(kit, { mode: 'shared' });
    await kit.clock.advance(499);
    expect(kit.connector.opens.length).toBeLessThan(8);
    expect(kit.connector.live.size).toBe(0);
    await kit.clock.advance(1);
    expect(asked.error).toMatchObject({ code: 'OPENLINE_ACQUIRE_TIMEOUT' });
    expect(asked.error!.message).toContain('takes nothing on it');
    expect(kit.pool.stats().totals).toMatchObject({ opened: 0, closed: {} });
  });
});

describe('a connection whose capacity has fallen below its leases', () => {
  test('takes no other before enough of them have ended', async () => {
    const kit = setUp({ max: 1, connector: { capacity: 4 } });
    const held = await lease(kit, 4, 'shared');
    kit.connector.setCapacity(2, held[0]!.connection);
    const asked = ask(kit, { mode: 'shared' });
    for (const ends of [0, 1]) {
      held[ends]!.release();
      await kit.clock.settle();
      expect(asked.state).toBe('pending');
    }
    held[2]!.release();
    await kit.clock.settle();
    expect(asked.state).toBe('resolved');
    assertInvariants(kit.pool, { capacity: 2 });
  });

  test('is not counted on by those who wait: another one is opened', async () => {
    const kit = await slowKit(4);
    const held = await lease(kit, 4, 'shared');
    kit.connector.setCapacity(2, held[0]!.connection);
    ask(kit, { mode: 'shared' });
    await kit.clock.settle();
    expect(kit.pool.stats().opening).toBe(1);
  });

  test('but one that is just full is counted on', async () => {
    const kit = await slowKit(4);
    await lease(kit, 4, 'shared');
    ask(kit, { mode: 'shared' });
    await kit.clock.settle();
    expect(kit.pool.stats().opening).toBe(0);
  });
});
