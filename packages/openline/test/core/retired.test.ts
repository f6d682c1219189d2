// Connections whose peer takes nothing new on them: no lease more, and those under way finish.
import { describe, expect, test } from 'vitest';
import { ask, lease, openIdle, setUp } from './kit.ts';

describe('a connection that its peer has retired', () => {
  test('is closed at once when it is idle', async () => {
    const kit = setUp({ max: 2 });
    await openIdle(kit, 2);
    const [first] = kit.connector.live;
    kit.connector.retire(first!);
    await kit.clock.settle();
    expect(kit.pool.stats()).toMatchObject({ idle: 1, totals: { closed: { retired: 1 } } });
    expect(kit.connector.live.has(first!)).toBe(false);
  });

  test('lets its leases finish, takes no other, and is closed after the last', async () => {
    const kit = setUp({ max: 2, connector: { capacity: 10 } });
    const [first, second] = await lease(kit, 2, 'shared');
    kit.connector.retire(first!.connection);
    const [third] = await lease(kit, 1, 'shared');
    expect(third!.connection).not.toBe(first!.connection);
    first!.release();
    await kit.clock.settle();
    expect(kit.pool.connections()[0]).toMatchObject({ state: 'leased', leases: 1, condemned: 'retired' });
    expect(kit.connector.live.has(second!.connection)).toBe(true);
    second!.release();
    await kit.clock.settle();
    expect(kit.pool.stats()).toMatchObject({ size: 1, totals: { closed: { retired: 1 } } });
  });

  test('is replaced soon for those who counted on the ends of its leases', async () => {
    const kit = setUp({ max: 2, connector: { open: 'slow', slowMs: 100, capacity: 2 } });
    void openIdle(kit, 1);
    await kit.clock.advance(100);
    const held = await lease(kit, 2, 'shared');
    // Leases that end soon: the pool would rather wait for one than open.
    for (let round = 0; round < 50; round++) {
      held.pop()!.release();
      held.push(...(await lease(kit, 1, 'shared')));
    }
    const asked = ask(kit, { mode: 'shared' });
    await kit.clock.settle();
    expect(kit.connector.opens).toHaveLength(1);
    kit.connector.retire(held[0]!.connection);
    await kit.clock.advance(13);
    expect(kit.connector.opens).toHaveLength(2);
    await kit.clock.advance(100);
    expect(asked.value.connection.id).toBe(2);
  });

  test('is no sign of an outage: several opens may be under way after it', async () => {
    const kit = setUp({ max: 4 });
    const held = await lease(kit, 4);
    kit.connector.set('open', 'slow');
    for (const { connection } of held) kit.connector.retire(connection);
    for (const each of held) each.release();
    for (let callers = 0; callers < 4; callers++) ask(kit);
    await kit.clock.settle();
    expect(kit.pool.stats().opening).toBe(4);
    expect(kit.pool.stats().totals.closed).toEqual({ retired: 4 });
  });

  test('is an open that failed when that came with its opening, and the next one waits', async () => {
    const kit = setUp({ max: 1 });
    const { onRetired } = kit.connector;
    let opened = 0;
    kit.connector.onRetired = (connection, retire) => {
      onRetired.call(kit.connector, connection, retire);
      if (++opened === 1) retire();
    };
    const asked = ask(kit);
    await kit.clock.settle();
    expect(kit.pool.stats()).toMatchObject({ size: 0, totals: { opened: 0, openFailed: 1 } });
    await kit.clock.advance(60);
    expect(asked.value.connection.id).toBe(2);
    expect(kit.pool.stats().totals.closed).toEqual({});
  });

  test('is closed after the validation under way, whatever that says', async () => {
    const kit = setUp({ max: 1, validateAfterIdleMs: 0, connector: { validate: 'slow' } });
    await openIdle(kit, 1);
    await kit.clock.advance(1);
    const asked = ask(kit);
    await kit.clock.settle();
    const [validation] = kit.connector.validations;
    kit.connector.retire(validation!.connection!);
    validation!.succeed();
    await kit.clock.settle();
    expect(asked.value.connection.id).toBe(2);
    expect(kit.pool.stats().totals.closed).toEqual({ retired: 1 });
  });

  test('stays with the one who detached it', async () => {
    const kit = setUp({ max: 1, leftOpen: 1 });
    const [held] = await lease(kit, 1);
    const connection = held!.detach();
    kit.connector.retire(connection);
    await kit.clock.settle();
    expect(kit.pool.stats()).toMatchObject({ detached: 1, size: 1 });
    kit.connector.lose(connection);
  });
});
