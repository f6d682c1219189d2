// Between two leases: reset, quiet, worn out, lost.
import type { CheckContext, PoolObserver } from 'openline';
import type { FakeConnection } from 'openline/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { captureEveryPlace } from '../support/every-place.ts';
import { ask, lease, openIdle, setUp } from './kit.ts';

beforeEach(captureEveryPlace);

describe('a reset', () => {
  test('is done after each lease, before the next', async () => {
    const kit = setUp({ max: 1, connector: { reset: 'slow', slowMs: 10 } });
    const [held] = await lease(kit, 1);
    const asked = ask(kit);
    held!.release();
    expect(kit.pool.stats()).toMatchObject({ resetting: 1, leased: 0 });
    await kit.clock.advance(9);
    expect(asked.state).toBe('pending');
    await kit.clock.advance(1);
    expect(asked.value.connection.id).toBe(1);
  });

  test('that fails closes the connection', async () => {
    const kit = setUp({ max: 1, connector: { reset: 'fail' } });
    const [held] = await lease(kit, 1);
    held!.release();
    const asked = ask(kit);
    await kit.clock.settle();
    expect(asked.value.connection.id).toBe(2);
    expect(kit.pool.stats().totals.closed).toEqual({ 'reset-failed': 1 });
  });

  test('that never ends is given connectTimeoutMs', async () => {
    const kit = setUp({ max: 1, connectTimeoutMs: 300, connector: { reset: 'never' } });
    const [held] = await lease(kit, 1);
    held!.release();
    const asked = ask(kit);
    await kit.clock.advance(299);
    expect(asked.state).toBe('pending');
    await kit.clock.advance(1);
    expect(asked.value.connection.id).toBe(2);
    expect(kit.connector.resets[0]!.signal!.aborted).toBe(true);
  });

  test('is not asked of a connection that will be closed anyway', async () => {
    const kit = setUp({ connector: { reset: 'ok' } });
    const [held] = await lease(kit, 1);
    held!.discard();
    await kit.clock.settle();
    expect(kit.connector.resets).toHaveLength(0);
    expect(kit.pool.stats().size).toBe(0);
  });

  test('that has nothing to do costs no turn', async () => {
    const kit = setUp({ max: 1, connector: { reset: 'ok' } });
    Object.assign(kit.connector, { reset: () => undefined });
    const [held] = await lease(kit, 1);
    held!.release();
    expect(kit.pool.stats()).toMatchObject({ idle: 1, resetting: 0 });
  });

  describe('that reports what a lease left behind', () => {
    /** A pool whose reset does as it is told, and what its observer hears. */
    function reporting(reset: (context: CheckContext) => Promise<unknown> | undefined) {
      const heard: unknown[] = [];
      const observer: PoolObserver<FakeConnection> = {
        dirtyReturn: (event) => heard.push({ ...event, resetting: kit.pool.stats().resetting }),
      };
      const kit = setUp({ max: 1, connector: { reset: 'ok' }, observers: [observer] });
      Object.assign(kit.connector, {
        reset: (_connection: FakeConnection, context: CheckContext) => reset(context),
      });
      return { kit, heard };
    }

    /** Where the kit acquires. */
    const place = expect.stringContaining('kit.ts');

    test('has it told, with the place where that lease began, in the state of a reset', async () => {
      const { kit, heard } = reporting(async (context) => {
        context.dirty('one thing');
        await Promise.resolve();
        context.dirty('another');
      });
      const [held] = await lease(kit, 1);
      const { connection } = held!;
      held!.release();
      await kit.clock.settle();
      const of = { poolName: 'test', connectionId: 1, connection, place, resetting: 1 };
      expect(heard).toEqual([
        { ...of, what: 'one thing' },
        { ...of, what: 'another' },
      ]);
    });

    test('has it told where nothing is left to be done', async () => {
      const { kit, heard } = reporting((context) => {
        context.dirty('a trifle');
        return undefined;
      });
      const [held] = await lease(kit, 1);
      held!.release();
      expect(heard).toMatchObject([{ what: 'a trifle', place }]);
      expect(kit.pool.stats()).toMatchObject({ idle: 1 });
    });

    test('is not heard after its time', async () => {
      let late: CheckContext | undefined;
      const { kit, heard } = reporting((context) => {
        late = context;
        return new Promise(() => undefined);
      });
      const [held] = await lease(kit, 1);
      held!.release();
      await kit.clock.advance(60_000);
      late!.dirty('too late');
      expect(heard).toEqual([]);
      expect(kit.pool.stats().totals.closed).toEqual({ 'reset-failed': 1 });
    });
  });

  test('that throws on the spot closes the connection', async () => {
    const kit = setUp({ max: 1, connector: { reset: 'ok' } });
    Object.assign(kit.connector, {
      reset: () => {
        throw new Error('not even a promise');
      },
    });
    const [held] = await lease(kit, 1);
    held!.release();
    await kit.clock.settle();
    expect(kit.pool.stats().totals.closed).toEqual({ 'reset-failed': 1 });
  });

  test('is followed by the end of a connection that died during it', async () => {
    const kit = setUp({ max: 1, connector: { reset: 'slow', slowMs: 10 } });
    const [held] = await lease(kit, 1);
    const { connection } = held!;
    held!.release();
    kit.connector.lose(connection);
    await kit.clock.advance(10);
    expect(kit.pool.stats()).toMatchObject({ size: 0, totals: { closed: { lost: 1 } } });
  });
});

describe('a connection', () => {
  test('that is given back while something is under way on it is closed', async () => {
    const kit = setUp();
    const [held] = await lease(kit, 1);
    kit.connector.busy.add(held!.connection);
    held!.release();
    await kit.clock.settle();
    expect(kit.pool.stats()).toMatchObject({ size: 0, totals: { closed: { busy: 1 } } });
  });

  test('is replaced after maxUses leases', async () => {
    const kit = setUp({ max: 1, maxUses: 3 });
    const ids: number[] = [];
    for (let use = 0; use < 7; use++) await kit.pool.use(({ id }) => void ids.push(id));
    expect(ids).toEqual([1, 1, 1, 2, 2, 2, 3]);
    expect(kit.pool.stats().totals.closed).toEqual({ 'worn-out': 2 });
  });

  test('that dies idle leaves the pool at once, and nobody is told but the observers', async () => {
    const closed: unknown[] = [];
    const kit = setUp({ observers: [{ closed: ({ reason, error }) => closed.push([reason, error]) }] });
    await openIdle(kit, 2);
    const [first] = kit.connector.live;
    const fault = new Error('terminating connection due to administrator command');
    kit.connector.lose(first!, fault);
    await kit.clock.settle();
    expect(closed).toEqual([['lost', fault]]);
    expect(kit.pool.stats()).toMatchObject({ idle: 1, size: 1 });
  });

  test('that dies during a lease is closed when the lease ends, and not lent again', async () => {
    const kit = setUp({ max: 1 });
    const [held] = await lease(kit, 1);
    kit.connector.lose(held!.connection);
    expect(kit.pool.stats().leased).toBe(1);
    held!.release();
    const asked = ask(kit);
    await kit.clock.settle();
    expect(asked.value.connection.id).toBe(2);
  });

  test('whose close never ends counts for a second, and no longer', async () => {
    const kit = setUp({ max: 1, connector: { close: 'never' } });
    const [held] = await lease(kit, 1);
    held!.discard();
    const asked = ask(kit);
    await kit.clock.advance(999);
    expect([asked.state, kit.pool.stats().closing]).toEqual(['pending', 1]);
    await kit.clock.advance(1);
    expect(asked.value.connection.id).toBe(2);
  });

  test('whose close fails, throws, or does not exist is gone all the same', async () => {
    for (const close of ['fail', 'none'] as const) {
      const kit = setUp({ connector: { close }, leftOpen: close === 'none' ? 1 : 0 });
      const [held] = await lease(kit, 1);
      held!.discard();
      await kit.clock.settle();
      expect(kit.pool.stats().size).toBe(0);
    }
    const kit = setUp({ leftOpen: 1 });
    Object.assign(kit.connector, {
      close: () => {
        throw new Error('not even a promise');
      },
    });
    const [held] = await lease(kit, 1);
    held!.discard();
    expect(kit.pool.stats().size).toBe(0);
  });
});
