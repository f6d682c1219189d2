// Who gets which connection, and in which order.
import { describe, expect, test } from 'vitest';
import { ask, lease, openIdle, setUp } from './kit.ts';

describe('connections', () => {
  test('the most recently used idle connection is lent first', async () => {
    const kit = setUp({ max: 3 });
    const [first, second, third] = await lease(kit, 3);
    second!.release();
    third!.release();
    first!.release();
    const again = await lease(kit, 3);
    expect(again.map(({ connection }) => connection.id)).toEqual([1, 3, 2]);
  });

  test('an idle connection is lent in the same turn, without a timer', async () => {
    const kit = setUp();
    await openIdle(kit, 1);
    const pending = kit.clock.pending.length;
    const asked = ask(kit);
    expect(kit.pool.stats()).toMatchObject({ leased: 1, idle: 0, waiting: 0 });
    expect(kit.clock.pending).toHaveLength(pending);
    await kit.clock.settle();
    expect(asked.value.connection.id).toBe(1);
  });

  test('no more than max are opened, whatever the demand', async () => {
    const kit = setUp({ max: 2 });
    const asked = Array.from({ length: 5 }, () => ask(kit));
    await kit.clock.settle();
    expect(kit.connector.opens).toHaveLength(2);
    expect(asked.map(({ state }) => state)).toEqual([
      'resolved',
      'resolved',
      'pending',
      'pending',
      'pending',
    ]);
  });
});

describe('waiters', () => {
  test('are served first come, first served', async () => {
    const kit = setUp({ max: 1 });
    const [held] = await lease(kit, 1);
    const served: number[] = [];
    const asked = [0, 1, 2, 3].map(async (number) => {
      const its = await kit.pool.acquire();
      served.push(number);
      its.release();
    });
    await kit.clock.settle();
    expect(served).toEqual([]);
    held!.release();
    await Promise.all(asked);
    expect(served).toEqual([0, 1, 2, 3]);
  });

  test('are not overtaken by a newcomer in the turn of the release', async () => {
    const kit = setUp({ max: 1 });
    const [held] = await lease(kit, 1);
    const waiting = ask(kit);
    held!.release();
    const newcomer = ask(kit);
    expect(kit.pool.tryAcquire()).toBeUndefined();
    await kit.clock.settle();
    expect([waiting.state, newcomer.state]).toEqual(['resolved', 'pending']);
  });

  test('may take the connection that another caller had opened', async () => {
    const kit = setUp({ max: 2, connector: { open: 'slow' } });
    const [first, second] = [ask(kit), ask(kit)];
    kit.connector.opens[1]!.succeed();
    await kit.clock.settle();
    expect([first.state, second.state]).toEqual(['resolved', 'pending']);
    kit.connector.opens[0]!.succeed();
    await kit.clock.settle();
    expect(second.value.connection.id).toBe(2);
  });

  test('behind one that gives up are served in its stead', async () => {
    const kit = setUp({ max: 1 });
    const [held] = await lease(kit, 1);
    const aborter = new AbortController();
    const [first, second] = [ask(kit, { signal: aborter.signal }), ask(kit)];
    aborter.abort(new Error('enough'));
    held!.release();
    await kit.clock.settle();
    expect(first.error?.message).toBe('enough');
    expect(second.state).toBe('resolved');
  });

  test('each get one lease, and each lease one end, through a thousand turns', async () => {
    const kit = setUp({ max: 3 });
    let most = 0;
    const inUse = new Set<number>();
    const caller = async (): Promise<void> => {
      for (let turn = 0; turn < 50; turn++) {
        using its = await kit.pool.acquire();
        expect(inUse.has(its.connection.id)).toBe(false);
        inUse.add(its.connection.id);
        most = Math.max(most, inUse.size);
        await Promise.resolve();
        inUse.delete(its.connection.id);
      }
    };
    await Promise.all(Array.from({ length: 20 }, caller));
    expect(most).toBe(3);
    expect(kit.pool.stats().totals).toMatchObject({ acquired: 1_000, released: 1_000, opened: 3 });
  });
});
