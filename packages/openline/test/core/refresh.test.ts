// refresh(): every connection replaced, without downtime.
import { assertInvariants } from 'openline/testing';
import { describe, expect, test } from 'vitest';
import { ask, lease, openIdle, setUp, Watched } from './kit.ts';

describe('a rolling refresh', () => {
  test('opens a successor before it closes an idle connection', async () => {
    const kit = setUp({ max: 5, connector: { open: 'slow', slowMs: 100 } });
    const warming = kit.pool.warm(3);
    await kit.clock.advance(100);
    await warming;
    const refreshing = new Watched(kit.pool.refresh(), kit.clock);
    for (let step = 0; step < 30; step++) {
      await kit.clock.advance(10);
      expect(kit.pool.stats().idle).toBeGreaterThanOrEqual(3);
      expect(kit.pool.stats().opening).toBeLessThanOrEqual(1);
      assertInvariants(kit.pool);
    }
    expect(refreshing.state).toBe('resolved');
    expect(kit.pool.connections().map(({ id }) => id)).toEqual([4, 5, 6]);
    expect(kit.pool.stats().totals.closed).toEqual({ refreshed: 3 });
  });

  test.each(['ok', 'slow', 'none'] as const)(
    'at max closes one at a time, with closes that are %s',
    async (close) => {
      const kit = setUp({ max: 3, connector: { close }, leftOpen: close === 'none' ? 6 : 0 });
      await openIdle(kit, 3);
      const refreshing = new Watched(kit.pool.refresh(), kit.clock);
      for (let step = 0; step < 60; step++) {
        await kit.clock.advance(10);
        expect(kit.pool.stats().idle).toBeGreaterThanOrEqual(2);
        assertInvariants(kit.pool);
      }
      expect(refreshing.state).toBe('resolved');
      expect(kit.pool.stats()).toMatchObject({ idle: 3, totals: { closed: { refreshed: 3 } } });
    },
  );

  test('replaces leased connections when they come back', async () => {
    const kit = setUp({ max: 2 });
    const [held] = await lease(kit, 1);
    await kit.pool.refresh();
    expect(held!.connection.id).toBe(1);
    held!.release();
    const again = ask(kit);
    await kit.clock.settle();
    expect(again.value.connection.id).toBe(2);
  });

  test('replaces what was being opened when it began', async () => {
    const kit = setUp({ max: 2, connector: { open: 'slow' } });
    const asked = ask(kit);
    await kit.pool.refresh();
    await kit.clock.advance(300);
    expect(asked.value.connection.id).toBe(2);
  });

  test('that cannot open a successor says so, and the connections that are left go on serving', async () => {
    const kit = setUp({ max: 4 });
    await openIdle(kit, 2);
    kit.connector.set('open', 'fail');
    await expect(kit.pool.refresh()).rejects.toMatchObject({ kind: 'connect' });
    expect(kit.pool.stats().idle).toBe(2);
    await kit.pool.use(() => undefined);
  });

  test('meets a close() half way', async () => {
    const kit = setUp({ max: 4, connector: { open: 'slow' } });
    const warming = kit.pool.warm(2);
    await kit.clock.advance(100);
    await warming;
    const refreshing = new Watched(kit.pool.refresh(), kit.clock);
    const closing = new Watched(kit.pool.close(), kit.clock);
    await kit.clock.advance(2_000);
    expect([refreshing.state, closing.state]).toEqual(['rejected', 'resolved']);
    expect(kit.connector.live.size).toBe(0);
  });
});

test('an immediate refresh closes all idle connections at once', async () => {
  const kit = setUp({ max: 4 });
  await openIdle(kit, 3);
  const refreshing = kit.pool.refresh({ immediate: true });
  expect(kit.pool.stats()).toMatchObject({ idle: 0 });
  await refreshing;
  await kit.clock.settle();
  expect(kit.pool.stats()).toMatchObject({ size: 0, totals: { closed: { refreshed: 3 } } });
  await kit.pool.use(({ id }) => expect(id).toBe(4));
});
