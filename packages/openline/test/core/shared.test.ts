// Shared leases: many on one connection, up to its capacity, and an exclusive one among them.

import { assertInvariants } from 'openline/testing';
import { describe, expect, test } from 'vitest';
import { ask, type Kit, lease, openIdle, setUp } from './kit.ts';

const leasesOf = ({ pool }: Kit): number[] => pool.connections().map((connection) => connection.leases);

describe('shared leases', () => {
  test('fill one connection up to its capacity, and wait beyond it', async () => {
    const kit = setUp({ max: 1, connector: { capacity: 3 } });
    const asked = Array.from({ length: 4 }, () => ask(kit, { mode: 'shared' }));
    await kit.clock.settle();
    expect(asked.map(({ state }) => state)).toEqual(['resolved', 'resolved', 'resolved', 'pending']);
    expect(kit.pool.stats()).toMatchObject({ leased: 1, leases: 3, waiting: 1 });
    asked[1]!.value.release();
    await kit.clock.settle();
    expect(asked[3]!.state).toBe('resolved');
    expect(leasesOf(kit)).toEqual([3]);
  });

  test('take one connection as exclusive ones do where the connector names no capacity', async () => {
    const kit = setUp({ max: 2 });
    const asked = Array.from({ length: 3 }, () => ask(kit, { mode: 'shared' }));
    await kit.clock.settle();
    expect(asked.map(({ state }) => state)).toEqual(['resolved', 'resolved', 'pending']);
  });

  test('spread over the least loaded connections', async () => {
    const kit = setUp({ max: 2, connector: { capacity: 4 } });
    await openIdle(kit, 2);
    const shares = await lease(kit, 6, 'shared');
    expect(leasesOf(kit)).toEqual([3, 3]);
    for (const share of shares) if (share.connection.id === 1) share.release();
    await lease(kit, 2, 'shared');
    expect(leasesOf(kit).sort()).toEqual([2, 3]);
  });

  test('follow a capacity that changes while they are under way', async () => {
    const kit = setUp({ max: 1, connector: { capacity: 4 } });
    const shares = await lease(kit, 4, 'shared');
    kit.connector.setCapacity(2);
    const waiting = ask(kit, { mode: 'shared' });
    shares[0]!.release();
    shares[1]!.release();
    await kit.clock.settle();
    expect(waiting.state).toBe('pending');
    shares[2]!.release();
    await kit.clock.settle();
    expect(waiting.state).toBe('resolved');
    assertInvariants(kit.pool, { capacity: 2 });
  });

  test('never meet an exclusive one on a connection', async () => {
    const kit = setUp({ max: 1, connector: { capacity: 4 } });
    const [alone] = await lease(kit, 1);
    const share = ask(kit, { mode: 'shared' });
    await kit.clock.settle();
    expect(share.state).toBe('pending');
    alone!.release();
    await kit.clock.settle();
    expect(share.value.mode).toBe('shared');
  });

  test('go on when their connection is condemned, and no new one joins them', async () => {
    const kit = setUp({ max: 1, connector: { capacity: 4 } });
    const [first, second] = await lease(kit, 2, 'shared');
    first!.discard('by hand');
    const third = ask(kit, { mode: 'shared' });
    await kit.clock.settle();
    expect([second!.connection.id, third.state]).toEqual([1, 'pending']);
    second!.release();
    await kit.clock.settle();
    expect(third.value.connection.id).toBe(2);
    expect(kit.pool.stats().totals.closed).toEqual({ discarded: 1 });
  });
});

describe('an exclusive lease among shared ones', () => {
  test('waits until a connection is empty, and that one takes no new shares meanwhile', async () => {
    const kit = setUp({ max: 1, connector: { capacity: 4 } });
    const [first, second] = await lease(kit, 2, 'shared');
    const alone = ask(kit);
    const later = ask(kit, { mode: 'shared' });
    first!.release();
    await kit.clock.settle();
    expect([alone.state, later.state]).toEqual(['pending', 'pending']);
    second!.release();
    await kit.clock.settle();
    expect([alone.value.mode, later.state]).toEqual(['exclusive', 'pending']);
    alone.value.release();
    await kit.clock.settle();
    expect(later.state).toBe('resolved');
  });

  test('empties one line while shares go on over the others', async () => {
    const kit = setUp({ max: 2, connector: { capacity: 4 } });
    await openIdle(kit, 2);
    const shares = await lease(kit, 3, 'shared');
    const alone = ask(kit);
    const later = ask(kit, { mode: 'shared' });
    await kit.clock.settle();
    const crowded = later.value.connection.id;
    const lonely = shares.filter(({ connection }) => connection.id !== crowded);
    expect(lonely).toHaveLength(1);
    lonely[0]!.release();
    await kit.clock.settle();
    expect(alone.state).toBe('resolved');
  });

  test('gives the line back to shares when it leaves the queue', async () => {
    const kit = setUp({ max: 1, connector: { capacity: 4 } });
    await lease(kit, 1, 'shared');
    ask(kit, { timeoutMs: 50 });
    const share = ask(kit, { mode: 'shared' });
    await kit.clock.settle();
    expect(share.state).toBe('pending');
    await kit.clock.advance(50);
    expect(share.state).toBe('resolved');
  });

  test('is overtaken by forty shared ones at the most', async () => {
    const kit = setUp({ max: 2, connector: { capacity: 4 } });
    await openIdle(kit, 2);
    const shares = await lease(kit, 3, 'shared');
    const alone = ask(kit, { timeoutMs: Number.POSITIVE_INFINITY });
    const overtake = async (): Promise<boolean> => {
      const share = ask(kit, { mode: 'shared' });
      await kit.clock.settle();
      if (share.state === 'resolved') share.value.release();
      return share.state === 'resolved';
    };
    let overtakes = 0;
    while (overtakes < 100 && (await overtake())) overtakes++;
    expect(overtakes).toBe(40);
    for (const share of shares) share.release();
    await kit.clock.settle();
    expect(alone.state).toBe('resolved');
    expect(await overtake()).toBe(true);
  });

  test('does not pass a shared one that came before it', async () => {
    const kit = setUp({ max: 1, connector: { capacity: 1 } });
    const [held] = await lease(kit, 1);
    const [share, alone] = [ask(kit, { mode: 'shared' }), ask(kit)];
    held!.release();
    await kit.clock.settle();
    expect([share.state, alone.state]).toEqual(['resolved', 'pending']);
    share.value.release();
    await kit.clock.settle();
    expect(alone.state).toBe('resolved');
  });
});
