// Errors say what happened, what was measured, and what to do.
import { type AcquireTimeoutError, OpenlineError } from 'openline';
import { beforeEach, describe, expect, test } from 'vitest';
import { captureEveryPlace } from '../support/every-place.ts';
import { ask, lease, setUp } from './kit.ts';

beforeEach(captureEveryPlace);

describe('the error of an acquire that timed out', () => {
  test('has the counts, and the longest holders with their age and place', async () => {
    const kit = setUp({ max: 3 });
    const first = await kit.pool.acquire();
    await kit.clock.advance(400);
    await lease(kit, 2);
    await kit.clock.advance(100);
    const asked = ask(kit, { timeoutMs: 1_000 });
    const other = ask(kit, { timeoutMs: 5_000 });
    await kit.clock.advance(1_000);
    const error = asked.error as AcquireTimeoutError;
    expect(error).toBeInstanceOf(OpenlineError);
    expect(error.name).toBe('AcquireTimeoutError');
    expect(error).toMatchObject({
      kind: 'acquire-timeout',
      code: 'OPENLINE_ACQUIRE_TIMEOUT',
      poolName: 'test',
      counts: { leased: 3, idle: 0, max: 3, waiting: 1 },
      wait: { timeoutMs: 1_000, waitedMs: 1_000, queuedMs: 1_000, openingMs: 0, validatingMs: 0 },
    });
    expect(error.holders.map(({ ageMs }) => ageMs)).toEqual([1_500, 1_100, 1_100]);
    expect(error.holders[0]!.connectionId).toBe(first.connection.id);
    expect(error.message).toMatch(
      /^pool "test": no connection within 1000 ms \(waited 1000 ms: 1000 ms in the queue\)\. Connections: 3 leased, 0 idle, 0 opening of max 3; 1 waiting\. Held longest: connection 1 for 1500 ms by .*errors\.test\.ts:\d+/,
    );
    expect(other.state).toBe('pending');
  });

  test('names five holders at the most', async () => {
    const kit = setUp({ max: 8 });
    await lease(kit, 8);
    const asked = ask(kit, { timeoutMs: 10 });
    await kit.clock.advance(10);
    expect((asked.error as AcquireTimeoutError).holders).toHaveLength(5);
  });

  test('has the last failure of an open as its cause, and advises to mend that', async () => {
    const kit = setUp({ connector: { open: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }) } });
    const asked = ask(kit, { timeoutMs: 1_000 });
    await kit.clock.advance(1_000);
    const error = asked.error as AcquireTimeoutError;
    expect(error.cause).toMatchObject({ kind: 'connect', code: 'ECONNREFUSED' });
    expect((error.cause as { attempts: number }).attempts).toBeGreaterThan(2);
    expect(error.message).toMatch(
      /Last open failed: .*refused.*The server cannot be reached: mend what the last open says\.$/,
    );
    expect(error.wait.openingMs).toBe(0);
  });

  test('says how long a connection was opening, and how long none was on its way', async () => {
    const kit = setUp({ max: 1, connector: { open: 'slow', slowMs: 300 } });
    const first = ask(kit);
    const asked = ask(kit, { timeoutMs: 1_000 });
    await kit.clock.advance(1_000);
    expect(first.state).toBe('resolved');
    expect((asked.error as AcquireTimeoutError).wait).toMatchObject({ openingMs: 300, queuedMs: 700 });
    expect(asked.error!.message).toContain(
      'waited 1000 ms: 700 ms in the queue, 300 ms while a connection was opening',
    );
  });

  test('advises to shorten the use when leases come and go', async () => {
    const kit = setUp({ max: 1 });
    const [held] = await lease(kit, 1);
    const next = ask(kit);
    const asked = ask(kit, { timeoutMs: 1_000 });
    await kit.clock.advance(500);
    held!.release();
    await kit.clock.advance(500);
    expect(next.state).toBe('resolved');
    expect((asked.error as AcquireTimeoutError).nestedAcquire).toBeUndefined();
    expect(asked.error!.message).toContain('All connections are in use: shorten their use');
  });

  test('is rejected with a stack of its own, and counts as one timeout', async () => {
    const kit = setUp({ max: 1, name: 'orders' });
    await lease(kit, 1);
    const asked = [ask(kit, { timeoutMs: 10 }), ask(kit, { timeoutMs: 10 })];
    await kit.clock.advance(10);
    expect(asked[0]!.error).not.toBe(asked[1]!.error);
    expect(kit.pool.stats().totals.timedOut).toBe(2);
  });
});

test('every error is an OpenlineError with its kind, its code and the name of its pool', async () => {
  const kit = setUp({ max: 1, maxWaiters: 0, name: 'orders' });
  const [held] = await lease({ ...kit, pool: await warmed(kit) }, 1);
  const refused = await kit.pool.acquire().catch((error: OpenlineError) => error);
  held!.release();
  await kit.pool.close();
  const closed = await kit.pool.acquire().catch((error: OpenlineError) => error);
  expect(refused).toMatchObject({ kind: 'queue-full', code: 'OPENLINE_QUEUE_FULL', poolName: 'orders' });
  expect(closed).toMatchObject({ kind: 'pool-closed', code: 'OPENLINE_POOL_CLOSED', poolName: 'orders' });
  expect(refused).toBeInstanceOf(OpenlineError);
  expect(String(closed)).toMatch(/^PoolClosedError: pool "orders" is closed/);
});

async function warmed(kit: ReturnType<typeof setUp>): Promise<typeof kit.pool> {
  await kit.pool.warm(1);
  return kit.pool;
}
