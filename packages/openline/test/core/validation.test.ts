// A connection that may have died is asked before it is lent.
import { createPool } from 'openline';
import { ManualClock } from 'openline/testing';
import { describe, expect, test } from 'vitest';
import { ask, type Kit, lease, openIdle, setUp } from './kit.ts';

/** A pool with `n` connections that have been idle so long that they must be validated. */
async function stale(n: number, options: Parameters<typeof setUp>[0] = {}): Promise<Kit> {
  const kit = setUp({ max: n, ...options });
  await openIdle(kit, n);
  await kit.clock.advance(1_001);
  return kit;
}

describe('after validateAfterIdleMs', () => {
  test('an idle connection is validated, then lent', async () => {
    const kit = await stale(1, { connector: { validate: 'slow', slowMs: 30 } });
    const asked = ask(kit);
    expect(kit.pool.stats()).toMatchObject({ validating: 1, waiting: 1 });
    await kit.clock.advance(29);
    expect(asked.state).toBe('pending');
    await kit.clock.advance(1);
    expect(asked.value.connection.id).toBe(1);
    expect(kit.pool.stats().times.validate).toMatchObject({ count: 1, maxMs: 30 });
  });

  test('as many are validated as callers wait', async () => {
    const kit = await stale(4, { connector: { validate: 'slow' } });
    ask(kit);
    ask(kit);
    expect(kit.connector.validations).toHaveLength(2);
  });

  test('one that was used a moment ago is lent unasked', async () => {
    const kit = await stale(1);
    await kit.pool.use(() => undefined);
    expect(kit.connector.validations).toHaveLength(1);
    await kit.clock.advance(999);
    await kit.pool.use(() => undefined);
    expect(kit.connector.validations).toHaveLength(1);
  });

  test.each(['exclusive', 'shared'] as const)('0 means always, also for %s leases', async (mode) => {
    const kit = setUp({ max: 1, validateAfterIdleMs: 0 });
    await openIdle(kit, 1);
    for (let time = 1; time <= 2; time++) {
      await kit.clock.advance(1);
      (await kit.pool.acquire({ mode })).release();
      expect(kit.connector.validations).toHaveLength(time);
    }
  });

  test('a connector that cannot validate lends unasked', async () => {
    const kit = await stale(1, { connector: { validate: 'none' } });
    const asked = ask(kit);
    await kit.clock.settle();
    expect(asked.state).toBe('resolved');
  });

  test('Infinity means never', async () => {
    const kit = setUp({
      validateAfterIdleMs: Number.POSITIVE_INFINITY,
      keepaliveMs: Number.POSITIVE_INFINITY,
    });
    await openIdle(kit, 1);
    await kit.clock.advance(500_000);
    await kit.pool.use(() => undefined);
    expect(kit.connector.validations).toHaveLength(0);
  });
});

describe('a connection that does not pass', () => {
  test('is closed, and the caller gets another one', async () => {
    const kit = await stale(1);
    kit.connector.next('validate', 'fail');
    const asked = ask(kit);
    await kit.clock.settle();
    expect(asked.value.connection.id).toBe(2);
    expect(kit.pool.stats().totals.closed).toEqual({ invalid: 1 });
  });

  test('makes the other idle ones suspect, however fresh they look', async () => {
    const kit = setUp({ max: 3 });
    await openIdle(kit, 3);
    await kit.clock.advance(1_001);
    const [first, second] = await lease(kit, 2);
    first!.release();
    second!.release();
    expect(kit.connector.validations).toHaveLength(2);
    // The third is the only stale one; keepalive asks it.
    kit.connector.next('validate', 'fail');
    const three = await lease(kit, 3);
    expect(kit.connector.validations).toHaveLength(3);
    for (const each of three) each.release();
    kit.connector.next('validate', 'fail');
    await kit.clock.advance(1_001);
    await lease(kit, 3);
    expect(kit.connector.validations).toHaveLength(6);
  });

  test('has the next one validated at once, however long its close takes', async () => {
    const kit = await stale(2, { connector: { close: 'never' } });
    kit.connector.next('validate', 'fail', 'ok');
    const asked = ask(kit);
    await kit.clock.settle();
    expect(asked.state).toBe('resolved');
    expect(kit.pool.stats().closing).toBe(1);
  });

  test('may answer false instead of rejecting', async () => {
    const clock = new ManualClock();
    let opened = 0;
    const pool = createPool({ open: async () => ++opened, validate: async () => false }, { clock });
    await pool.warm(1);
    await clock.advance(2_000);
    await expect(pool.use((connection) => connection)).resolves.toBe(2);
    await pool.close();
  });

  test('may throw instead of returning a promise', async () => {
    const clock = new ManualClock();
    let opened = 0;
    const validate = (): never => {
      throw new Error('not even a promise');
    };
    const pool = createPool({ open: async () => ++opened, validate }, { clock });
    await pool.warm(1);
    await clock.advance(2_000);
    await expect(pool.use((connection) => connection)).resolves.toBe(2);
    await pool.close();
  });
});

describe('a validation that never answers', () => {
  test('does not keep the caller from a new connection where there is room', async () => {
    const kit = await stale(1, { max: 2, connector: { validate: 'never' } });
    const asked = ask(kit);
    await kit.clock.advance(200);
    expect(asked.value.connection.id).toBe(2);
  });

  test('ends after connectTimeoutMs, its signal aborted and its connection closed', async () => {
    const kit = await stale(1, { connectTimeoutMs: 400, connector: { validate: 'never' } });
    const asked = ask(kit);
    const { signal } = kit.connector.validations[0]!;
    await kit.clock.advance(399);
    expect([asked.state, signal!.aborted]).toEqual(['pending', false]);
    await kit.clock.advance(1);
    expect([asked.state, signal!.aborted]).toEqual(['resolved', true]);
    expect(asked.value.connection.id).toBe(2);
    kit.connector.validations[0]!.succeed();
    await kit.clock.settle();
    expect(kit.pool.stats()).toMatchObject({ size: 1, totals: { closed: { invalid: 1 } } });
  });

  test('gives its connection back when it comes after its caller has left', async () => {
    const kit = await stale(1, { connector: { validate: 'slow', slowMs: 300 } });
    const asked = ask(kit, { timeoutMs: 100 });
    await kit.clock.advance(100);
    expect(asked.error).toMatchObject({ wait: { validatingMs: 100, queuedMs: 0 } });
    await kit.clock.advance(200);
    expect(kit.pool.stats()).toMatchObject({ idle: 1, validating: 0 });
  });
});

describe('a jump of the clock', () => {
  test.each([
    ['while the process was frozen', (kit: Kit) => kit.clock.jump(60_000)],
    ['while the machine slept', (kit: Kit) => kit.clock.jumpWall(3_600_000)],
    ['back', (kit: Kit) => kit.clock.jumpWall(-3_600_000)],
  ])('%s has every idle connection validated before use', async (_, jump) => {
    const jumps: number[] = [];
    const kit = setUp({
      validateAfterIdleMs: Number.POSITIVE_INFINITY,
      observers: [{ clockJumped: ({ jumpMs }) => jumps.push(jumpMs) }],
    });
    await openIdle(kit, 2);
    await kit.clock.advance(1_500);
    jump(kit);
    await kit.clock.advance(1_500);
    expect(jumps).toHaveLength(1);
    await lease(kit, 2);
    expect(kit.connector.validations).toHaveLength(2);
  });

  test('is not seen in a tick that is a little late', async () => {
    const jumps: number[] = [];
    const kit = setUp({ observers: [{ clockJumped: ({ jumpMs }) => jumps.push(jumpMs) }] });
    await openIdle(kit, 1);
    await kit.clock.advance(1_500);
    kit.clock.jump(1_800);
    await kit.clock.advance(10_000);
    expect(jumps).toEqual([]);
  });
});
