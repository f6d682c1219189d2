// Connections that their peer lets be idle for a while only: never lent later, and closed to the moment.
import { describe, expect, test } from 'vitest';
import { ask, lease, openIdle, setUp } from './kit.ts';

describe('a connection that may be idle for a while', () => {
  test('is lent within that time, and counts anew from each lease', async () => {
    const kit = setUp({ max: 1, connector: { reusableForMs: 40 } });
    await openIdle(kit, 1);
    for (let round = 0; round < 5; round++) {
      await kit.clock.advance(39);
      await kit.pool.use(({ id }) => expect(id).toBe(1));
    }
  });

  test('is closed to the moment, below min too, and min is filled up again', async () => {
    const kit = setUp({ max: 2, min: 1, connector: { reusableForMs: 40, validate: 'none' } });
    await kit.clock.settle();
    await kit.clock.advance(39);
    expect(kit.pool.stats().totals.closed).toEqual({});
    await kit.clock.advance(1);
    expect(kit.pool.stats()).toMatchObject({ idle: 1, totals: { opened: 2, closed: { idle: 1 } } });
  });

  test.each([
    ['acquire', false],
    ['acquire', true],
    ['tryAcquire', false],
    ['tryAcquire', true],
  ] as const)(
    'is not lent later by %s (shared: %s) though nobody came by to close it',
    async (how, shared) => {
      const kit = setUp({ max: 2, connector: { reusableForMs: 40, validate: 'none' } });
      await openIdle(kit, 1);
      // Timers are late: the loop was busy.
      kit.clock.jump(40);
      const mode = shared ? 'shared' : 'exclusive';
      if (how === 'tryAcquire') {
        expect(kit.pool.tryAcquire(mode)).toBeUndefined();
        return;
      }
      const asked = ask(kit, shared ? { mode } : undefined);
      await kit.clock.settle();
      expect(asked.value.connection.id).toBe(2);
      expect(kit.pool.stats().totals.closed).toEqual({ idle: 1 });
    },
  );

  test('is not lent unasked later', async () => {
    const unasked: (number | undefined)[] = [];
    const kit = setUp({
      max: 2,
      connector: {
        reusableForMs: 40,
        place: (lines) => {
          unasked.push(lines.unasked()?.connection?.id);
          return lines.idle();
        },
      },
    });
    await openIdle(kit, 1);
    kit.pool.tryAcquire('shared')!.release();
    kit.clock.jump(40);
    kit.pool.tryAcquire('shared');
    expect(unasked).toEqual([1, undefined]);
  });

  test('is asked for each time that it becomes idle, and each has its own limit', async () => {
    const kit = setUp({ max: 2, connector: { reusableForMs: 1_000, validate: 'none' } });
    kit.connector.reusableForMs = ({ id }) => (id === 1 ? 30 : Number.POSITIVE_INFINITY);
    await openIdle(kit, 2);
    await kit.clock.advance(30);
    expect(kit.pool.connections().map(({ id }) => id)).toEqual([2]);
    await kit.clock.advance(500_000);
    expect(kit.pool.stats().idle).toBe(1);
    kit.connector.reusableForMs = () => 25;
    await kit.pool.use(() => undefined);
    await kit.clock.advance(25);
    expect(kit.pool.stats().size).toBe(0);
  });

  test('is closed in time also when others were used later and the clock tick is far', async () => {
    const kit = setUp({ max: 3, connector: { reusableForMs: 300, validate: 'none' } });
    await openIdle(kit, 3);
    await kit.clock.advance(100);
    await kit.pool.use(() => undefined);
    await kit.clock.advance(200);
    expect(kit.pool.stats().idle).toBe(1);
    await kit.clock.advance(99);
    expect(kit.pool.stats().idle).toBe(1);
    await kit.clock.advance(1);
    expect(kit.pool.stats().idle).toBe(0);
  });

  test.each([0, -5, Number.NaN])('of %d ms goes to those who wait, and to nobody later', async (ms) => {
    const kit = setUp({ max: 1, connector: { reusableForMs: ms, validate: 'none' } });
    const asked = [ask(kit), ask(kit, { mode: 'shared' })];
    await kit.clock.settle();
    asked[0]!.value.release();
    await kit.clock.settle();
    expect(asked[1]!.value.connection.id).toBe(1);
    asked[1]!.value.release();
    await kit.clock.advance(10);
    expect(kit.pool.stats()).toMatchObject({ size: 0, totals: { closed: { idle: 1 } } });
  });

  test('whose limit cannot be told is not kept', async () => {
    const kit = setUp({ max: 1, connector: { reusableForMs: 1_000, validate: 'none' } });
    kit.connector.reusableForMs = () => {
      throw new Error('no idea');
    };
    await kit.pool.use(() => undefined);
    await kit.clock.advance(10);
    expect(kit.pool.stats().size).toBe(0);
  });

  test('gains no time by a validation', async () => {
    const kit = setUp({
      max: 1,
      keepaliveMs: 400,
      connector: { reusableForMs: 1_000, validate: 'slow', slowMs: 100 },
    });
    await openIdle(kit, 1);
    await kit.clock.advance(999);
    expect(kit.connector.validations.length).toBeGreaterThan(0);
    expect(kit.pool.stats().size).toBe(1);
    await kit.clock.advance(101);
    expect(kit.pool.stats()).toMatchObject({ size: 0, totals: { closed: { idle: 1 } } });
  });

  test('and is validated beyond that time is not lent after it', async () => {
    const kit = setUp({
      max: 1,
      validateAfterIdleMs: 0,
      connector: { reusableForMs: 50, validate: 'slow', slowMs: 30 },
    });
    await openIdle(kit, 1);
    await kit.clock.advance(40);
    const asked = ask(kit);
    await kit.clock.advance(30);
    expect(asked.value.connection.id).toBe(2);
  });
});

test('a connector that has no say in it leaves idle connections to idleTimeoutMs', async () => {
  const kit = setUp({ max: 1, idleTimeoutMs: 5_000, connector: { validate: 'none' } });
  const [held] = await lease(kit, 1);
  held!.release();
  await kit.clock.advance(4_999);
  expect(kit.pool.stats().idle).toBe(1);
});
