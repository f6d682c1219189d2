// The deadline of an acquire: one, absolute, whatever happens inside it.
import { AcquireTimeoutError } from 'openline';
import { describe, expect, test } from 'vitest';
import { ask, lease, openIdle, setUp } from './kit.ts';

describe('an acquire', () => {
  test('that is never served is refused at its deadline, neither before nor after', async () => {
    const kit = setUp({ connector: { open: 'never' }, connectTimeoutMs: 60_000 });
    const asked = ask(kit, { timeoutMs: 1_000 });
    await kit.clock.advance(999);
    expect(asked.state).toBe('pending');
    await kit.clock.advance(1);
    expect(asked.error).toBeInstanceOf(AcquireTimeoutError);
    expect(asked.settledAt).toBe(2_000);
  });

  test('spends one deadline on validating, opening and waiting together', async () => {
    const kit = setUp({
      max: 1,
      connectTimeoutMs: 60_000,
      connector: { validate: 'slow', slowMs: 200, open: 'ok' },
    });
    await openIdle(kit, 1);
    await kit.clock.advance(5_000);
    kit.connector.set('open', 'never');
    const asked = ask(kit, { timeoutMs: 1_000 });
    const started = kit.clock.now();
    await kit.clock.advance(150);
    kit.connector.validations[0]!.fail();
    await kit.clock.advance(849);
    expect(asked.state).toBe('pending');
    await kit.clock.advance(1);
    expect(asked.settledAt).toBe(started + 1_000);
    const { wait } = asked.error as AcquireTimeoutError;
    expect(wait).toEqual({
      timeoutMs: 1_000,
      waitedMs: 1_000,
      validatingMs: 150,
      openingMs: 850,
      queuedMs: 0,
    });
  });

  test('has the pool’s acquireTimeoutMs where it says nothing', async () => {
    const kit = setUp({ acquireTimeoutMs: 700, connector: { open: 'never' } });
    const asked = ask(kit);
    await kit.clock.advance(700);
    expect(asked.error).toMatchObject({ code: 'OPENLINE_ACQUIRE_TIMEOUT', wait: { timeoutMs: 700 } });
  });

  test('with timeoutMs 0 gets what is there, and waits for nothing else', async () => {
    const kit = setUp({ max: 1, acquireTimeoutMs: 100 });
    await openIdle(kit, 1);
    const served = ask(kit, { timeoutMs: 0 });
    const refused = ask(kit, { timeoutMs: 0 });
    await kit.clock.settle();
    expect(served.state).toBe('resolved');
    expect(refused.error).toMatchObject({ wait: { timeoutMs: 0, waitedMs: 0 } });
    expect(kit.pool.stats()).toMatchObject({ waiting: 0, totals: { timedOut: 1 } });
  });

  test('with timeoutMs Infinity waits as long as it takes', async () => {
    const kit = setUp({ max: 1 });
    const [held] = await lease(kit, 1);
    const asked = ask(kit, { timeoutMs: Number.POSITIVE_INFINITY });
    await kit.clock.advance(86_400_000);
    expect(asked.state).toBe('pending');
    held!.release();
    await kit.clock.settle();
    expect(asked.state).toBe('resolved');
  });

  test('with a deadline that is no duration is refused', async () => {
    const kit = setUp();
    for (const timeoutMs of [-1, Number.NaN, '5' as unknown as number]) {
      const asked = ask(kit, { timeoutMs });
      await kit.clock.settle();
      expect(asked.error?.code).toBe('OPENLINE_INVALID_OPTIONS');
    }
  });
});

describe('many waiters', () => {
  test('with one deadline are refused in the order of their coming, by one timer', async () => {
    const kit = setUp({ max: 1 });
    await lease(kit, 1);
    const before = kit.clock.pending.length;
    const order: number[] = [];
    for (let number = 0; number < 500; number++) {
      kit.pool.acquire({ timeoutMs: 300 }).catch(() => order.push(number));
    }
    expect(kit.clock.pending.length - before).toBeLessThanOrEqual(1);
    await kit.clock.advance(299);
    expect(order).toEqual([]);
    await kit.clock.advance(1);
    expect(order).toEqual(Array.from({ length: 500 }, (_, number) => number));
    expect(kit.pool.stats()).toMatchObject({ waiting: 0, totals: { timedOut: 500 } });
  });

  test('with deadlines of every length each meet their own', async () => {
    const kit = setUp({ max: 1 });
    await lease(kit, 1);
    const start = kit.clock.now();
    const deadlines = [900, 30, 500, 30, 10, 2_000, 1, 501, 12_000, 11_000];
    const asked = deadlines.map((timeoutMs) => ask(kit, { timeoutMs }));
    await kit.clock.advance(15_000);
    expect(asked.map(({ settledAt }) => settledAt! - start)).toEqual(deadlines);
  });

  test('that come later keep their own deadlines too', async () => {
    const kit = setUp({ max: 1 });
    await lease(kit, 1);
    const first = ask(kit, { timeoutMs: 100 });
    await kit.clock.advance(50);
    const second = ask(kit, { timeoutMs: 100 });
    const third = ask(kit, { timeoutMs: 20 });
    await kit.clock.advance(1_000);
    expect([first, second, third].map(({ settledAt }) => settledAt)).toEqual([1_100, 1_150, 1_070]);
  });

  test('keep the process alive until the last one is served', async () => {
    const kit = setUp({ max: 1 });
    const keepsAlive = (): boolean => kit.clock.pending.some((timer) => timer.keepsAlive);
    const [held] = await lease(kit, 1);
    expect(keepsAlive()).toBe(false);
    const [first, second] = [ask(kit), ask(kit)];
    expect(keepsAlive()).toBe(true);
    held!.release();
    await kit.clock.settle();
    expect(keepsAlive()).toBe(true);
    first.value.release();
    await kit.clock.settle();
    expect(second.state).toBe('resolved');
    expect(keepsAlive()).toBe(false);
  });
});
