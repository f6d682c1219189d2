// Offer, timeout and abort meet in one turn, in any order: one of them wins, and nothing is lost.
import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { ask, lease, setUp } from './kit.ts';

type Step = 'offer' | 'timeout' | 'abort';

const orders: Step[][] = [
  ['offer', 'timeout', 'abort'],
  ['offer', 'abort', 'timeout'],
  ['timeout', 'offer', 'abort'],
  ['timeout', 'abort', 'offer'],
  ['abort', 'offer', 'timeout'],
  ['abort', 'timeout', 'offer'],
];

/** What the caller must see when `step` comes first. */
const wins: Record<Step, string> = {
  offer: 'resolved',
  timeout: 'OPENLINE_ACQUIRE_TIMEOUT',
  abort: 'ABORTED',
};

describe.each(orders)('%s, then %s, then %s', (...order) => {
  test('ends the wait once, by what came first, and keeps the connection', async () => {
    const kit = setUp({ max: 1 });
    const [held] = await lease(kit, 1);
    const aborter = new AbortController();
    const asked = ask(kit, { timeoutMs: 100, signal: aborter.signal });
    const steps: Record<Step, () => void> = {
      offer: () => held!.release(),
      timeout: () => kit.clock.advanceSync(100),
      abort: () => aborter.abort(Object.assign(new Error('enough'), { code: 'ABORTED' })),
    };
    for (const step of order) steps[step]();
    await kit.clock.settle();
    expect(asked.error?.code ?? asked.state).toBe(wins[order[0]!]);
    expect(getEventListeners(aborter.signal, 'abort')).toEqual([]);
    if (asked.state === 'resolved') asked.value.release();
    const next = ask(kit, { timeoutMs: 0 });
    await kit.clock.settle();
    expect(next.value.connection.id).toBe(1);
    expect(kit.pool.stats()).toMatchObject({ waiting: 0, totals: { opened: 1 } });
  });

  test('leaves the next in the queue to be served', async () => {
    const kit = setUp({ max: 1 });
    const [held] = await lease(kit, 1);
    const aborter = new AbortController();
    const first = ask(kit, { timeoutMs: 100, signal: aborter.signal });
    const second = ask(kit, { timeoutMs: 5_000 });
    const steps: Record<Step, () => void> = {
      offer: () => held!.release(),
      timeout: () => kit.clock.advanceSync(100),
      abort: () => aborter.abort(new Error('enough')),
    };
    for (const step of order) steps[step]();
    await kit.clock.settle();
    if (order[0] === 'offer') {
      expect(second.state).toBe('pending');
      first.value.release();
      await kit.clock.settle();
    }
    expect(second.value.connection.id).toBe(1);
  });
});

describe('a signal', () => {
  test('that was aborted before rejects at once with its reason, and opens nothing', async () => {
    const kit = setUp();
    const reason = new Error('too late');
    const asked = ask(kit, { signal: AbortSignal.abort(reason) });
    await kit.clock.settle();
    expect(asked.error).toBe(reason);
    expect(kit.connector.opens).toHaveLength(0);
  });

  test('aborted during the open ends the wait; the open goes on and its connection is kept', async () => {
    const kit = setUp({ connector: { open: 'slow' } });
    const aborter = new AbortController();
    const asked = ask(kit, { signal: aborter.signal });
    aborter.abort();
    await kit.clock.settle();
    expect(asked.error?.name).toBe('AbortError');
    expect(kit.connector.opens[0]!.signal!.aborted).toBe(false);
    await kit.clock.advance(100);
    expect(kit.pool.stats()).toMatchObject({ idle: 1, totals: { aborted: 1 } });
  });

  test('aborted after the lease was granted changes nothing', async () => {
    const kit = setUp();
    const aborter = new AbortController();
    const asked = ask(kit, { signal: aborter.signal });
    await kit.clock.settle();
    aborter.abort();
    await kit.clock.settle();
    expect(asked.value.ended).toBe(false);
    expect(kit.pool.stats().leased).toBe(1);
  });

  test('shared by many waiters takes all of them out, and only them', async () => {
    const kit = setUp({ max: 1 });
    const [held] = await lease(kit, 1);
    const aborter = new AbortController();
    const asked = Array.from({ length: 6 }, (_, n) => ask(kit, n % 2 ? { signal: aborter.signal } : {}));
    aborter.abort(new Error('all out'));
    await kit.clock.settle();
    expect(asked.map(({ state }) => state)).toEqual([
      'pending',
      'rejected',
      'pending',
      'rejected',
      'pending',
      'rejected',
    ]);
    expect(kit.pool.stats().waiting).toBe(3);
    held!.release();
    await kit.clock.settle();
    expect(asked[0]!.state).toBe('resolved');
  });

  test('aborted by an observer of another waiter’s timeout hurts nobody', async () => {
    const aborter = new AbortController();
    const kit = setUp({ max: 1, observers: [{ timedOut: () => aborter.abort(new Error('all out')) }] });
    await lease(kit, 1);
    const first = ask(kit, { timeoutMs: 50 });
    const second = ask(kit, { timeoutMs: 50, signal: aborter.signal });
    await kit.clock.advance(50);
    expect([first.error?.code, second.error?.code]).toEqual([
      'OPENLINE_ACQUIRE_TIMEOUT',
      'OPENLINE_ACQUIRE_TIMEOUT',
    ]);
  });
});
