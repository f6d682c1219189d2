// How an open ends: well, badly, too late, or given up; its connection and its place are never lost.
import { ConnectError } from 'openline';
import { describe, expect, test } from 'vitest';
import { ask, setUp } from './kit.ts';

describe('an open that fails for good', () => {
  test('reaches every waiter at once when nothing is live', async () => {
    const kit = setUp({ max: 1, acquireTimeoutMs: 30_000, connector: { open: 'slow' } });
    kit.connector.isRetryable = () => false;
    const asked = [ask(kit), ask(kit), ask(kit, { mode: 'shared' })];
    const wrong = Object.assign(new Error('password authentication failed'), { code: '28P01' });
    kit.connector.opens[0]!.context.address('db.internal:5432/orders');
    kit.connector.opens[0]!.context.phase('authentication');
    kit.connector.opens[0]!.fail(wrong);
    await kit.clock.settle();
    for (const { error } of asked) {
      expect(error).toBeInstanceOf(ConnectError);
      expect(error).toMatchObject({
        code: '28P01',
        kind: 'connect',
        cause: wrong,
        phase: 'authentication',
        address: 'db.internal:5432/orders',
        attempts: 1,
        timedOut: false,
      });
    }
    expect(asked[0]!.error!.message).toBe(
      'pool "test": cannot connect to db.internal:5432/orders (phase authentication): password authentication failed',
    );
  });

  test('leaves the waiters to the connections that live', async () => {
    const kit = setUp({ max: 2 });
    const held = await kit.pool.acquire();
    kit.connector.isRetryable = () => false;
    kit.connector.set('open', 'fail');
    const asked = ask(kit);
    await kit.clock.advance(1_000);
    expect(kit.pool.stats().totals.openFailed).toBeGreaterThan(0);
    expect(asked.state).toBe('pending');
    held.release();
    await kit.clock.settle();
    expect(asked.state).toBe('resolved');
  });
});

describe('an open beyond connectTimeoutMs', () => {
  test('is aborted, and another one is tried', async () => {
    const kit = setUp({ max: 2, connectTimeoutMs: 50, connector: { open: 'slow', slowMs: 100 } });
    kit.connector.next('open', 'slow', 'ok');
    const asked = ask(kit);
    await kit.clock.advance(50);
    expect(kit.connector.opens[0]!.signal!.aborted).toBe(true);
    await kit.clock.advance(100);
    expect(asked.state).toBe('resolved');
  });

  test('counts for a second when it ignores its signal, and its late connection is closed', async () => {
    const kit = setUp({ max: 1, connectTimeoutMs: 500, connector: { open: 'never' } });
    ask(kit);
    await kit.clock.advance(500);
    expect(kit.pool.stats()).toMatchObject({ size: 1, opening: 0, closing: 1 });
    await kit.clock.advance(900);
    expect(kit.pool.stats()).toMatchObject({ size: 1, closing: 1 });
    expect(kit.connector.opens).toHaveLength(1);
    await kit.clock.advance(100);
    await kit.clock.advance(100);
    expect(kit.connector.opens.length).toBeGreaterThan(1);
    kit.connector.opens[0]!.succeed();
    await kit.clock.settle();
    expect(kit.connector.closes.map(({ connection }) => connection!.id)).toEqual([1]);
    expect(kit.pool.stats().totals).toMatchObject({ opened: 0, openFailed: 1, closed: {} });
  });

  test('gives its place up as soon as it ends after all', async () => {
    const kit = setUp({ max: 1, connectTimeoutMs: 500, connector: { open: 'never' } });
    ask(kit);
    await kit.clock.advance(600);
    expect(kit.pool.stats().closing).toBe(1);
    kit.connector.opens[0]!.fail();
    await kit.clock.settle();
    expect(kit.pool.stats().closing).toBe(0);
  });

  test('tells which phase was silent', async () => {
    const kit = setUp({ max: 1, connectTimeoutMs: 500, acquireTimeoutMs: 700, connector: { open: 'never' } });
    const asked = ask(kit);
    kit.connector.opens[0]!.context.phase('tcp');
    await kit.clock.advance(20);
    kit.connector.opens[0]!.context.phase('tls');
    await kit.clock.advance(700);
    const cause = asked.error!.cause as ConnectError;
    expect(cause).toMatchObject({ phase: 'tls', timedOut: true, tookMs: 500 });
    expect(cause.message).toMatch(/phase tls.*no answer within 500 ms/);
  });
});

describe('an open', () => {
  test('outlives the caller that caused it', async () => {
    const kit = setUp({ connector: { open: 'slow' } });
    const asked = ask(kit, { timeoutMs: 50 });
    await kit.clock.advance(50);
    expect(asked.state).toBe('rejected');
    await kit.clock.advance(50);
    expect(kit.pool.stats()).toMatchObject({ idle: 1, totals: { opened: 1 } });
  });

  test('is timed by its phases', async () => {
    const kit = setUp({ connector: { open: 'never' } });
    ask(kit);
    const [open] = kit.connector.opens;
    await kit.clock.advance(5);
    open!.context.phase('tcp');
    await kit.clock.advance(10);
    open!.context.phase('tls');
    await kit.clock.advance(20);
    open!.succeed();
    await kit.clock.settle();
    const { connect, connectPhases } = kit.pool.stats().times;
    expect(connect).toMatchObject({ count: 1, maxMs: 35 });
    expect([connectPhases['tcp']!.maxMs, connectPhases['tls']!.maxMs]).toEqual([15, 20]);
  });

  test('that throws on the spot fails like any other', async () => {
    const kit = setUp({ acquireTimeoutMs: 100 });
    kit.connector.open = () => {
      throw new Error('not even a promise');
    };
    const asked = ask(kit);
    await kit.clock.advance(100);
    expect((asked.error!.cause as Error).message).toContain('not even a promise');
  });

  test('whose connection dies at once is not lent', async () => {
    const kit = setUp();
    const onLost = kit.connector.onLost!;
    Object.assign(kit.connector, {
      onLost: (connection: { id: number }, lost: (error: unknown) => void) => {
        onLost(connection, lost);
        if (connection.id === 1) lost(new Error('gone'));
      },
    });
    const asked = ask(kit);
    await kit.clock.advance(200);
    expect(asked.value.connection.id).toBe(2);
    expect(kit.pool.stats().totals.closed).toEqual({ lost: 1 });
  });
});
