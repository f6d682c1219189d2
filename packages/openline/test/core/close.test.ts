// close(): nothing is left, and the report says who held what.
import { PoolClosedError } from 'openline';
import { beforeEach, describe, expect, test } from 'vitest';
import { captureEveryPlace } from '../support/every-place.ts';
import { ask, lease, openIdle, setUp, Watched } from './kit.ts';

beforeEach(captureEveryPlace);

describe('close()', () => {
  test('refuses the waiters, closes what is idle, and resolves when all is closed', async () => {
    const kit = setUp({ max: 3, connector: { close: 'slow' } });
    const held = await lease(kit, 3);
    const asked = [ask(kit), ask(kit, { mode: 'shared' })];
    held[0]!.discard();
    const closing = new Watched(kit.pool.close(), kit.clock);
    await kit.clock.settle();
    for (const { error } of asked) expect(error).toBeInstanceOf(PoolClosedError);
    held[1]!.release();
    held[2]!.release();
    await kit.clock.advance(99);
    expect(closing.state).toBe('pending');
    await kit.clock.advance(1);
    expect(closing.value).toEqual({ drained: true, outstanding: [] });
    expect(kit.pool.stats()).toMatchObject({ state: 'closed', size: 0 });
    expect(kit.clock.pending).toEqual([]);
  });

  test('waits for leases, and resolves with the last one', async () => {
    const kit = setUp();
    const [held] = await lease(kit, 1);
    const closing = new Watched(kit.pool.close(), kit.clock);
    await kit.clock.advance(5_000);
    expect([closing.state, held!.connection.id]).toEqual(['pending', 1]);
    held!.release();
    await kit.clock.settle();
    expect(closing.value.drained).toBe(true);
  });

  test('closes leased connections under their holders when the time is over, and tells who they were', async () => {
    const kit = setUp({ max: 3, connector: { capacity: 2 } });
    const held = [await kit.pool.acquire(), ...(await lease(kit, 2, 'shared'))];
    await kit.clock.advance(500);
    const closing = new Watched(kit.pool.close({ timeoutMs: 2_000 }), kit.clock);
    await kit.clock.advance(2_000);
    const { drained, outstanding } = closing.value;
    expect(drained).toBe(false);
    expect(outstanding).toHaveLength(3);
    for (const holder of outstanding) {
      expect(holder.ageMs).toBe(2_500);
    }
    expect(outstanding.map(({ mode }) => mode).sort()).toEqual(['exclusive', 'shared', 'shared']);
    expect(outstanding.some(({ place }) => place?.includes('close.test.ts'))).toBe(true);
    expect(kit.connector.live.size).toBe(0);
    for (const each of held) {
      expect(() => each.connection).toThrow(/taken back/);
      each.release();
      each.discard();
    }
    expect(kit.pool.stats()).toMatchObject({ size: 0, leases: 0 });
  });

  test('with timeoutMs 0 waits for no lease', async () => {
    const kit = setUp();
    await lease(kit, 2);
    const closing = new Watched(kit.pool.close({ timeoutMs: 0 }), kit.clock);
    await kit.clock.advance(0);
    expect(closing.value).toMatchObject({ drained: false, outstanding: [{}, {}] });
  });

  test('waits ten seconds by default', async () => {
    const kit = setUp();
    await lease(kit, 1);
    const closing = new Watched(kit.pool.close(), kit.clock);
    await kit.clock.advance(9_999);
    expect(closing.state).toBe('pending');
    await kit.clock.advance(1);
    expect(closing.state).toBe('resolved');
  });

  test('called twice is one close', async () => {
    const kit = setUp();
    const first = kit.pool.close();
    expect(kit.pool.close({ timeoutMs: 0 })).toBe(first);
    await first;
  });

  test('gives up what is being opened, and closes what comes of it late', async () => {
    const kit = setUp({ connector: { open: 'never' } });
    const asked = ask(kit);
    const closing = new Watched(kit.pool.close(), kit.clock);
    await kit.clock.settle();
    expect(asked.error?.code).toBe('OPENLINE_POOL_CLOSED');
    expect(kit.connector.opens[0]!.signal!.aborted).toBe(true);
    await kit.clock.advance(1_000);
    expect(closing.state).toBe('resolved');
    kit.connector.opens[0]!.succeed();
    await kit.clock.settle();
    expect(kit.connector.live.size).toBe(0);
  });

  test('does not reset what it closes', async () => {
    const kit = setUp({ connector: { reset: 'never' } });
    const [held] = await lease(kit, 1);
    const closing = new Watched(kit.pool.close(), kit.clock);
    held!.release();
    await kit.clock.settle();
    expect(closing.value.drained).toBe(true);
    expect(kit.connector.resets).toHaveLength(0);
  });

  test.each(['validate', 'reset'] as const)('gives up a %s that never ends', async (step) => {
    const kit = setUp({
      connectTimeoutMs: Number.POSITIVE_INFINITY,
      connector: { validate: 'never', reset: 'ok' },
    });
    if (step === 'reset') kit.connector.next('reset', 'never');
    const [held] = await lease(kit, 1);
    held!.release();
    if (step === 'validate') {
      await kit.clock.advance(2_000);
      ask(kit);
    }
    expect(kit.pool.stats()).toMatchObject(step === 'reset' ? { resetting: 1 } : { validating: 1 });
    const closing = new Watched(kit.pool.close({ timeoutMs: 100 }), kit.clock);
    await kit.clock.advance(100);
    expect(closing.state).toBe('resolved');
    expect(kit.connector.live.size).toBe(0);
  });

  test('gives a close that never ends one second', async () => {
    const kit = setUp({ connector: { close: 'never' } });
    await openIdle(kit, 2);
    const closing = new Watched(kit.pool.close(), kit.clock);
    await kit.clock.advance(999);
    expect(closing.state).toBe('pending');
    await kit.clock.advance(1);
    expect(closing.value.drained).toBe(true);
  });

  test('refuses a time that is no duration, and may be called again', async () => {
    const kit = setUp();
    expect(() => kit.pool.close({ timeoutMs: -5 })).toThrow(/timeoutMs/);
    await kit.pool.close();
  });
});

describe('a closed pool', () => {
  test('refuses every acquire', async () => {
    const kit = setUp();
    await kit.pool.close();
    await expect(kit.pool.acquire()).rejects.toBeInstanceOf(PoolClosedError);
    await expect(kit.pool.acquire({ mode: 'shared' })).rejects.toThrow('pool "test" is closed');
    await expect(kit.pool.use(() => 1)).rejects.toMatchObject({ code: 'OPENLINE_POOL_CLOSED' });
    await expect(kit.pool.warm(1)).rejects.toBeInstanceOf(PoolClosedError);
  });

  test('stays what it is, whatever is called', async () => {
    const kit = setUp();
    await kit.pool.close();
    kit.pool.suspend();
    kit.pool.resume();
    await kit.pool.refresh();
    expect(kit.pool.stats().state).toBe('closed');
  });
});
