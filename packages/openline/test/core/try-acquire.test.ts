// tryAcquire(): on the spot or not at all.
import { PoolClosedError } from 'openline';
import { expect, test } from 'vitest';
import { ask, lease, openIdle, setUp } from './kit.ts';

test('lends an idle connection on the spot', async () => {
  const kit = setUp();
  await openIdle(kit, 1);
  const lease = kit.pool.tryAcquire();
  expect(lease?.connection.id).toBe(1);
  expect(lease?.mode).toBe('exclusive');
});

test('gives nothing, and opens nothing, when no connection is there', () => {
  const kit = setUp();
  expect(kit.pool.tryAcquire()).toBeUndefined();
  expect(kit.connector.opens).toHaveLength(0);
});

test('gives nothing that must be validated first', async () => {
  const kit = setUp();
  await openIdle(kit, 1);
  await kit.clock.advance(1_001);
  expect(kit.pool.tryAcquire()).toBeUndefined();
  expect(kit.connector.validations).toHaveLength(0);
});

test('never passes a waiter', async () => {
  const kit = setUp({ max: 1 });
  const [held] = await lease(kit, 1);
  const waiting = ask(kit);
  held!.release();
  expect(kit.pool.tryAcquire()).toBeUndefined();
  await kit.clock.settle();
  expect(waiting.state).toBe('resolved');
});

test('takes a share of a connection that is shared', async () => {
  const kit = setUp({ max: 1, connector: { capacity: 2 } });
  await lease(kit, 1, 'shared');
  expect(kit.pool.tryAcquire('exclusive')).toBeUndefined();
  expect(kit.pool.tryAcquire('shared')?.mode).toBe('shared');
  expect(kit.pool.tryAcquire('shared')).toBeUndefined();
});

test('takes a share again once nobody waits for the line that was reserved', async () => {
  const kit = setUp({ max: 2, connector: { capacity: 4 } });
  await openIdle(kit, 2);
  const shares = await lease(kit, 3, 'shared');
  const alone = ask(kit, { mode: 'exclusive' });
  await kit.clock.settle();
  expect(alone.state).toBe('pending');
  // The line that was not chosen empties first.
  const [onOne, onTwo] = [1, 2].map((id) => shares.filter(({ connection }) => connection.id === id));
  const [more, fewer] = onOne!.length > onTwo!.length ? [onOne!, onTwo!] : [onTwo!, onOne!];
  for (const share of more) share.release();
  await kit.clock.settle();
  expect(alone.value.connection.id).not.toBe(fewer[0]!.connection.id);
  expect(kit.pool.tryAcquire('shared')?.connection.id).toBe(fewer[0]!.connection.id);
});

test('throws on a closed pool', async () => {
  const kit = setUp();
  await kit.pool.close();
  expect(() => kit.pool.tryAcquire()).toThrow(PoolClosedError);
});

test('gives nothing while the pool is suspended', async () => {
  const kit = setUp();
  await openIdle(kit, 1);
  kit.pool.suspend();
  expect(kit.pool.tryAcquire()).toBeUndefined();
  kit.pool.resume();
  expect(kit.pool.tryAcquire()).toBeDefined();
});
