// detach(): the connection leaves to its user, and keeps its place in max until it closes.
import { expect, test } from 'vitest';
import { ask, lease, setUp } from './kit.ts';

test('a detached connection keeps its place until its end is told', async () => {
  const kit = setUp({ max: 1, leftOpen: 1 });
  const [its] = await lease(kit, 1);
  const connection = its!.detach();
  expect(connection.id).toBe(1);
  expect(its!.ended).toBe(true);
  expect(kit.pool.stats()).toMatchObject({ size: 1, detached: 1, leased: 0, leases: 0 });
  const waiting = ask(kit);
  await kit.clock.advance(5_000);
  expect(waiting.state).toBe('pending');
  kit.connector.lose(connection);
  await kit.clock.settle();
  expect(waiting.value.connection.id).toBe(2);
  expect(kit.pool.stats().totals.closed).toEqual({ detached: 1 });
});

test('with a connector that cannot tell the end, the place is given up at once', async () => {
  const kit = setUp({ max: 1, leftOpen: 1, connector: { tellsLost: false } });
  const [its] = await lease(kit, 1);
  its!.detach();
  expect(kit.pool.stats()).toMatchObject({ size: 0, totals: { closed: { detached: 1 } } });
});

test('a connection that died during the lease gives its place up when it is detached', async () => {
  const kit = setUp({ max: 1, leftOpen: 1 });
  const [its] = await lease(kit, 1);
  kit.connector.lose(its!.connection);
  its!.detach();
  expect(kit.pool.stats()).toMatchObject({ size: 0, totals: { closed: { detached: 1 } } });
});

test('a shared lease cannot be detached, and goes on', async () => {
  const kit = setUp({ connector: { capacity: 2 } });
  const [its] = await lease(kit, 1, 'shared');
  expect(() => its!.detach()).toThrow(/a shared lease cannot be detached/);
  expect(its!.ended).toBe(false);
  its!.release();
});

test('a detach lets a close() that waits for it go on', async () => {
  const kit = setUp({ max: 1, leftOpen: 1 });
  const [its] = await lease(kit, 1);
  let closed = false;
  const closing = kit.pool.close({ timeoutMs: Number.POSITIVE_INFINITY }).then((report) => {
    closed = true;
    return report;
  });
  await kit.clock.settle();
  expect(closed).toBe(false);
  its!.detach();
  await kit.clock.settle();
  expect(closed).toBe(true);
  expect(await closing).toEqual({ drained: true, outstanding: [] });
});
