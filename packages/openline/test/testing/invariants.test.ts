// assertInvariants() accepts every sound pool, and names everything that is wrong in an unsound one.
import { createPool, type Pool } from 'openline';
import { assertInvariants, type FakeConnection, FakeConnector } from 'openline/testing';
import { expect, test } from 'vitest';

test('a pool at work is sound', async () => {
  const pool = createPool(new FakeConnector({ capacity: 2 }), { max: 2 });
  assertInvariants(pool);
  const alone = await pool.acquire();
  const share = await pool.acquire({ mode: 'shared' });
  const waiting = pool.acquire();
  assertInvariants(pool, { capacity: 2 });
  alone.release();
  assertInvariants(pool, { capacity: () => 2 });
  (await waiting).release();
  share.release();
  await pool.close();
  assertInvariants(pool);
});

test('a caller that is held back beside an idle connection is sound only where that is expected', async () => {
  const pool = createPool(new FakeConnector({ capacity: 2, sharesFirst: true }), { max: 2 });
  await pool.warm(2);
  (await pool.acquire({ mode: 'shared' })).release();
  const first = await pool.acquire({ expectedMs: 1_000 });
  const second = pool.acquire({ expectedMs: 1_000 });
  assertInvariants(pool, { mayHoldBack: true });
  expect(() => assertInvariants(pool)).toThrow(/1 wait while 1 connections are idle/);
  first.release();
  (await second).release();
  await pool.close();
});

/** A pool that says something else of itself than it is. */
function lying(
  pool: Pool<FakeConnection>,
  lies: Partial<Record<'stats' | 'connections' | 'holders', (truth: never) => unknown>>,
): Pool<FakeConnection> {
  return new Proxy(pool, {
    get(target, name: 'stats' | 'connections' | 'holders') {
      const truth = (): never => target[name]() as never;
      const lie = lies[name];
      return lie === undefined ? truth : () => lie(truth());
    },
  });
}

test.each<[string, Parameters<typeof lying>[1], RegExp]>([
  [
    'too many connections',
    { stats: (stats: object) => ({ ...stats, max: 1 }) },
    /2 connections, above max 1/,
  ],
  ['a count that is off', { stats: (stats: object) => ({ ...stats, idle: 3 }) }, /3 counted as idle, 1 are/],
  [
    'a count below 0',
    { stats: (stats: object) => ({ ...stats, opening: -1 }) },
    /the count of opening is -1.*its states add up to 1/,
  ],
  [
    'waiters beside an idle connection',
    { stats: (stats: object) => ({ ...stats, waiting: 2 }) },
    /2 wait while 1 connections are idle and 0 are validated/,
  ],
  [
    'two exclusive leases of one connection',
    { connections: (all: object[]) => all.map((one) => ({ ...one, leases: 2, mode: 'exclusive' })) },
    /connection 1 is lent alone to 2/,
  ],
  [
    'shares beyond the capacity',
    { connections: (all: object[]) => all.map((one) => ({ ...one, leases: 9, mode: 'shared' })) },
    /connection 1 carries 9 shares of 4/,
  ],
  ['a lease without a holder', { holders: () => [] }, /connection \d has 1 leases, 0 holders/],
  [
    'a lease that was never counted',
    { stats: (stats: { totals: object }) => ({ ...stats, totals: { ...stats.totals, acquired: 7 } }) },
    /7 acquired and 0 released/,
  ],
  [
    'a connection that was closed and is still there',
    {
      stats: (stats: { totals: object }) => ({ ...stats, totals: { ...stats.totals, closed: { idle: 1 } } }),
    },
    /2 opened and 1 closed leave 1, but 2 are open/,
  ],
  [
    'waiters of a closed pool',
    { stats: (stats: object) => ({ ...stats, state: 'closed', waiting: 1 }) },
    /1 wait for a pool that is closed; 1 are idle in a pool that is closed/,
  ],
])('%s is found', async (_, lies, message) => {
  const pool = createPool(new FakeConnector({ capacity: 4 }), { max: 2 });
  await pool.warm(2);
  const lease = await pool.acquire();
  expect(() => assertInvariants(lying(pool, lies), { capacity: 4 })).toThrow(message);
  assertInvariants(pool, { capacity: 4 });
  lease.release();
  await pool.close();
});

test('the error has the figures', async () => {
  const pool = createPool(new FakeConnector(), { max: 2, name: 'orders' });
  await pool.warm(1);
  const liar = lying(pool, { stats: (stats: object) => ({ ...stats, waiting: 1 }) });
  expect(() => assertInvariants(liar)).toThrow(
    'pool "orders" (running): 1 wait while 1 connections are idle and 0 are validated. It says: 1 idle, 0 leased, 0 opening, 0 validating, 0 resetting, 0 closing, 0 detached, size 1 of max 2, 0 leases, 1 waiting',
  );
  await pool.close();
});

test('connections above a max that was made smaller are allowed while they leave', async () => {
  const connector = new FakeConnector({ close: 'slow' });
  const pool = createPool(connector, { max: 3 });
  const leases = await Promise.all([pool.acquire(), pool.acquire(), pool.acquire()]);
  pool.resize({ max: 1 });
  expect(() => assertInvariants(pool)).toThrow('3 connections, above max 1');
  assertInvariants(pool, { shrunkFrom: 3 });
  for (const lease of leases) lease.release();
  assertInvariants(pool, { shrunkFrom: 3 });
  for (const close of connector.closes) close.succeed();
  await Promise.all(connector.closes.map(({ promise }) => promise));
  await new Promise((resolve) => setImmediate(resolve));
  assertInvariants(pool);
  connector.set('close', 'ok');
  await pool.close();
});
