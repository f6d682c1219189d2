// Observers are told after the change, and hurt nobody.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { channelNames, type PoolObserver, type WaitEnd } from 'openline';
import type { FakeConnection } from 'openline/testing';
import { afterEach, expect, test, vi } from 'vitest';
import { ask, lease, setUp } from './kit.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** An observer that notes the names of what it is told. */
function noting(notes: string[]): PoolObserver<FakeConnection> {
  const names = Object.keys(channelNames) as (keyof PoolObserver)[];
  return Object.fromEntries(names.map((name) => [name, () => notes.push(name)]));
}

test('an observer is told of a whole life, in order', async () => {
  const notes: string[] = [];
  const kit = setUp({ max: 1, leakThresholdMs: 2_000, observers: [noting(notes)] });
  const [held] = await lease(kit, 1);
  const aborter = new AbortController();
  ask(kit, { timeoutMs: 100 });
  ask(kit, { signal: aborter.signal });
  aborter.abort();
  await kit.clock.advance(3_000);
  held!.release();
  await kit.clock.advance(1_500);
  await kit.pool.use(() => undefined);
  await kit.pool.close();
  expect(notes).toEqual([
    'waiting',
    'opening',
    'opened',
    'acquired',
    'waiting',
    'waiting',
    'aborted',
    'timedOut',
    'leaseOverdue',
    'released',
    'overdueReturned',
    'waiting',
    'validated',
    'acquired',
    'released',
    'closed',
  ]);
});

test('events tell of the pool, the connection and the times', async () => {
  const events: Record<string, unknown[]> = { opened: [], acquired: [], released: [], closed: [] };
  const kit = setUp({
    connector: { open: 'slow', slowMs: 40 },
    observers: [
      {
        opened: (event) => events['opened']!.push(event),
        acquired: (event) => events['acquired']!.push(event),
        released: (event) => events['released']!.push(event),
        closed: (event) => events['closed']!.push(event),
      },
    ],
  });
  const asked = ask(kit);
  await kit.clock.advance(40);
  const { connection } = asked.value;
  await kit.clock.advance(7);
  asked.value.release();
  await kit.pool.close();
  const of = { poolName: 'test', connectionId: 1, connection };
  expect(events).toEqual({
    opened: [{ ...of, tookMs: 40, phases: [{ name: 'open', tookMs: 40 }] }],
    acquired: [{ ...of, waitedMs: 40, mode: 'exclusive' }],
    released: [{ ...of, usedMs: 7, mode: 'exclusive' }],
    closed: [{ ...of, reason: 'pool-closed', error: undefined, ageMs: 7, uses: 1 }],
  });
});

test('an observer that throws is warned of, and everything goes on', async () => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  const names = Object.keys(channelNames) as (keyof PoolObserver)[];
  const angry: PoolObserver = Object.fromEntries(
    names.map((name) => [
      name,
      () => {
        throw new Error('of the observer');
      },
    ]),
  );
  const notes: string[] = [];
  const kit = setUp({ max: 1, observers: [angry, noting(notes)] });
  const [held] = await lease(kit, 1);
  const asked = ask(kit);
  held!.release();
  await kit.clock.settle();
  expect(asked.state).toBe('resolved');
  expect(notes).toContain('acquired');
  asked.value.release();
  await kit.pool.close();
  expect(warn.mock.calls[0]![0]).toBe("an observer's waiting() threw: Error: of the observer");
  expect(warn.mock.calls[0]![1]).toMatchObject({ type: 'OpenlineWarning', code: 'OPENLINE_OBSERVER' });
});

test('an observer may use the pool that it observes', async () => {
  const events: string[] = [];
  const kit = setUp({
    max: 2,
    observers: [
      {
        released: () => {
          events.push(`${kit.pool.stats().leased} leased`);
          kit.pool.tryAcquire()?.release();
        },
      },
    ],
  });
  const [first, second] = await lease(kit, 2);
  const waiting = ask(kit);
  first!.release();
  second!.release();
  await kit.clock.settle();
  waiting.value.release();
  await kit.pool.close();
  expect(events.length).toBeGreaterThanOrEqual(2);
});

test('diagnostics_channel has every event of every pool', async () => {
  const acquired: unknown[] = [];
  const opened: unknown[] = [];
  const onAcquired = (event: unknown): void => void acquired.push(event);
  const onOpened = (event: unknown): void => void opened.push(event);
  subscribe(channelNames.acquired, onAcquired);
  subscribe(channelNames.opened, onOpened);
  const kit = setUp({ name: 'orders' });
  await kit.pool.use(() => undefined);
  unsubscribe(channelNames.acquired, onAcquired);
  unsubscribe(channelNames.opened, onOpened);
  await kit.pool.use(() => undefined);
  expect(channelNames.acquired).toBe('openline:acquired');
  expect(acquired).toMatchObject([{ poolName: 'orders', connectionId: 1, waitedMs: 0, mode: 'exclusive' }]);
  expect(opened).toMatchObject([{ poolName: 'orders', connectionId: 1, phases: [{ name: 'open' }] }]);
});

test('an observer may know how each wait ends, once', async () => {
  const ends: [number, WaitEnd][] = [];
  let waits = 0;
  const observer: PoolObserver<FakeConnection> = {
    waiting({ whenEnded }) {
      const wait = ++waits;
      whenEnded((end) => ends.push([wait, end]));
    },
  };
  const kit = setUp({ max: 1, observers: [observer, observer] });
  const [held] = await lease(kit, 1);
  const aborter = new AbortController();
  ask(kit, { signal: aborter.signal });
  const late = ask(kit, { timeoutMs: 100 });
  const served = ask(kit);
  const reason = new Error('of the test');
  aborter.abort(reason);
  await kit.clock.advance(100);
  held!.release();
  await kit.clock.settle();
  served.value.release();
  const granted = { connectionId: 1, error: undefined };
  const refusal = { connectionId: undefined };
  expect(ends).toEqual([
    [1, granted],
    [2, granted],
    [3, { ...refusal, error: reason }],
    [4, { ...refusal, error: reason }],
    [5, { ...refusal, error: late.error }],
    [6, { ...refusal, error: late.error }],
    [7, granted],
    [8, granted],
  ]);
});

test('an observer knows how a wait ends that another one has ended before it was told', async () => {
  const ends: WaitEnd[] = [];
  const noting: PoolObserver<FakeConnection> = {
    waiting: ({ whenEnded }) => whenEnded((end) => ends.push(end)),
  };
  const aborter = new AbortController();
  let endsIt = (): void => undefined;
  const kit = setUp({ max: 1, observers: [{ waiting: () => endsIt() }, noting] });
  const [held] = await lease(kit, 1);
  ends.length = 0;
  const reason = new Error('of the test');
  endsIt = () => aborter.abort(reason);
  ask(kit, { signal: aborter.signal });
  expect(ends).toEqual([{ connectionId: undefined, error: reason }]);
  endsIt = () => held!.release();
  const served = ask(kit);
  expect(ends[1]).toEqual({ connectionId: 1, error: undefined });
  await kit.clock.settle();
  served.value.release();
  expect(ends).toHaveLength(2);
});

test('one who throws when told of the end of a wait is warned of', async () => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  const kit = setUp({
    observers: [
      {
        waiting: ({ whenEnded }) =>
          whenEnded(() => {
            throw new Error('of the observer');
          }),
      },
    ],
  });
  await kit.pool.use(() => undefined);
  expect(warn.mock.calls[0]![0]).toBe("an observer's whenEnded() threw: Error: of the observer");
});
