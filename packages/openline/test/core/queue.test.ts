// The queue has a length: who comes beyond it is refused at once.
import { QueueFullError } from 'openline';
import { expect, test } from 'vitest';
import { ask, lease, setUp } from './kit.ts';

test('a caller beyond maxWaiters is refused at once, with the counts', async () => {
  const kit = setUp({ max: 1, maxWaiters: 2 });
  await lease(kit, 1);
  const asked = [ask(kit), ask(kit), ask(kit)];
  await kit.clock.settle();
  expect(asked.map(({ state }) => state)).toEqual(['pending', 'pending', 'rejected']);
  const error = asked[2]!.error as QueueFullError;
  expect(error).toBeInstanceOf(QueueFullError);
  expect(error).toMatchObject({ code: 'OPENLINE_QUEUE_FULL', counts: { waiting: 2, leased: 1 } });
  expect(error.message).toContain('2 callers wait already, and maxWaiters is 2');
  expect(kit.pool.stats().totals.refused).toBe(1);
});

test('a place in the queue is there again when somebody has left it', async () => {
  const kit = setUp({ max: 1, maxWaiters: 1 });
  await lease(kit, 1);
  const aborter = new AbortController();
  const first = ask(kit, { signal: aborter.signal });
  aborter.abort();
  const second = ask(kit);
  await kit.clock.settle();
  expect([first.state, second.state]).toEqual(['rejected', 'pending']);
});

test('with maxWaiters 0 nobody waits, and what is idle is lent', async () => {
  const kit = setUp({ max: 1, maxWaiters: 0 });
  await kit.pool.warm(1);
  const [first, second] = [ask(kit), ask(kit)];
  await kit.clock.settle();
  expect([first.state, second.error?.code]).toEqual(['resolved', 'OPENLINE_QUEUE_FULL']);
});
