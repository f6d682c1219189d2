// suspend(), resume() and warm().
import { describe, expect, test } from 'vitest';
import { ask, lease, openIdle, setUp, Watched } from './kit.ts';

describe('a suspended pool', () => {
  test('lends nothing and opens nothing; callers wait, and leases end as ever', async () => {
    const kit = setUp({ max: 3 });
    const [held] = await lease(kit, 1);
    kit.pool.suspend();
    const asked = [ask(kit), ask(kit)];
    held!.release();
    await kit.clock.advance(5_000);
    expect(asked.map(({ state }) => state)).toEqual(['pending', 'pending']);
    expect(kit.pool.stats()).toMatchObject({
      state: 'suspended',
      idle: 1,
      waiting: 2,
      totals: { opened: 1 },
    });
    kit.pool.resume();
    await kit.clock.settle();
    expect(asked.map(({ state }) => state)).toEqual(['resolved', 'resolved']);
  });

  test('refuses at the deadline as ever', async () => {
    const kit = setUp();
    kit.pool.suspend();
    const asked = ask(kit, { timeoutMs: 100 });
    await kit.clock.advance(100);
    expect(asked.error?.code).toBe('OPENLINE_ACQUIRE_TIMEOUT');
  });

  test('opens nothing for min, nor for a caller that does not wait', async () => {
    const kit = setUp({ max: 4, min: 2 });
    await kit.clock.settle();
    kit.pool.suspend();
    for (const connection of [...kit.connector.live]) kit.connector.lose(connection);
    ask(kit, { timeoutMs: 0 });
    await kit.clock.advance(5_000);
    expect(kit.connector.opens).toHaveLength(2);
    kit.pool.resume();
    await kit.clock.advance(1_000);
    expect(kit.pool.stats().idle).toBe(2);
  });

  test('can be closed', async () => {
    const kit = setUp();
    await openIdle(kit, 2);
    kit.pool.suspend();
    const asked = ask(kit);
    await kit.pool.close();
    kit.pool.resume();
    expect(asked.error?.code).toBe('OPENLINE_POOL_CLOSED');
    expect(kit.pool.stats().state).toBe('closed');
  });
});

describe('warm()', () => {
  test('resolves when so many are open, and opens no more than are missing', async () => {
    const kit = setUp({ max: 5, connector: { open: 'slow' } });
    const first = new Watched(kit.pool.warm(2), kit.clock);
    await kit.clock.advance(50);
    const second = new Watched(kit.pool.warm(4), kit.clock);
    expect(kit.connector.opens).toHaveLength(4);
    await kit.clock.advance(50);
    expect([first.state, second.state]).toEqual(['resolved', 'pending']);
    await kit.clock.advance(50);
    expect(second.state).toBe('resolved');
    await kit.pool.warm(4);
    expect(kit.connector.opens).toHaveLength(4);
  });

  test('rejects with the first open that fails', async () => {
    const kit = setUp({ max: 5 });
    kit.connector.next('open', 'ok', new Error('full'));
    await expect(kit.pool.warm(2)).rejects.toMatchObject({ kind: 'connect', cause: new Error('full') });
    expect(kit.pool.stats().idle).toBe(1);
  });

  test('refuses a number that cannot be', async () => {
    const kit = setUp({ max: 5 });
    for (const n of [6, -1, 1.5]) {
      await expect(kit.pool.warm(n)).rejects.toMatchObject({ kind: 'invalid-options' });
    }
  });

  test('waits for room that a closing connection has, without blocking the event loop', async () => {
    const kit = setUp({ max: 1, connector: { close: 'slow' } });
    const [held] = await lease(kit, 1);
    held!.discard();
    const warming = new Watched(kit.pool.warm(1), kit.clock);
    await kit.clock.advance(99);
    expect(warming.state).toBe('pending');
    await kit.clock.advance(1);
    expect(warming.state).toBe('resolved');
  });

  test('waits for room that a detached connection has, and ends with the pool', async () => {
    const kit = setUp({ max: 1, leftOpen: 1 });
    const [held] = await lease(kit, 1);
    held!.detach();
    const warming = new Watched(kit.pool.warm(1), kit.clock);
    await kit.clock.advance(5_000);
    expect(warming.state).toBe('pending');
    await kit.pool.close();
    await kit.clock.settle();
    expect(warming.error?.code).toBe('OPENLINE_POOL_CLOSED');
  });

  test('is content with a max that was made smaller meanwhile', async () => {
    const kit = setUp({ max: 4, connector: { open: 'slow' } });
    const warming = new Watched(kit.pool.warm(4), kit.clock);
    kit.pool.resize({ max: 2 });
    await kit.clock.advance(1_000);
    expect(warming.state).toBe('resolved');
    expect(kit.pool.stats().idle).toBe(2);
  });
});
