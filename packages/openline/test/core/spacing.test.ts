// Exclusive leases that are expected to be long, where shared leases go first: how far apart they begin.
import { assertInvariants } from 'openline/testing';
import { describe, expect, test } from 'vitest';
import { ask, type Kit, type KitOptions, openIdle, setUp } from './kit.ts';

/** With four connections, long leases begin a tenth of this apart. */
const expectedMs = 100;
const gapMs = 10;

const statesOf = (asked: readonly { state: string }[]): string[] => asked.map(({ state }) => state);

/** Four idle connections, and a shared lease that has just ended. */
async function afterShare(options: KitOptions = {}): Promise<Kit> {
  const { connector, ...rest } = options;
  const kit = setUp({ max: 4, ...rest, connector: { capacity: 4, sharesFirst: true, ...connector } });
  await openIdle(kit, 4);
  const share = await kit.pool.acquire({ mode: 'shared' });
  share.release();
  return kit;
}

describe('long exclusive leases among shared ones', () => {
  test('begin apart, in order, though connections are idle', async () => {
    const kit = await afterShare();
    const long = [1, 2, 3].map(() => ask(kit, { expectedMs }));
    await kit.clock.settle();
    expect(statesOf(long)).toEqual(['resolved', 'pending', 'pending']);
    assertInvariants(kit.pool, { mayHoldBack: true });
    await kit.clock.advance(gapMs - 1);
    expect(statesOf(long)).toEqual(['resolved', 'pending', 'pending']);
    await kit.clock.advance(1);
    expect(statesOf(long)).toEqual(['resolved', 'resolved', 'pending']);
    await kit.clock.advance(gapMs);
    expect(statesOf(long)).toEqual(['resolved', 'resolved', 'resolved']);
  });

  test('are not held back once they are apart', async () => {
    const kit = await afterShare();
    const first = await kit.pool.acquire({ expectedMs });
    await kit.clock.advance(gapMs);
    const second = ask(kit, { expectedMs });
    await kit.clock.settle();
    expect(second.state).toBe('resolved');
    first.release();
    await kit.clock.advance(gapMs);
    const third = ask(kit, { expectedMs });
    await kit.clock.settle();
    expect(third.state).toBe('resolved');
  });

  test('that ended together begin apart again', async () => {
    const kit = await afterShare();
    const held = await Promise.all([1, 2, 3].map(() => kit.pool.acquire()));
    const share = await kit.pool.acquire({ mode: 'shared' });
    const long = [1, 2].map(() => ask(kit, { expectedMs }));
    for (const each of held) each.release();
    await kit.clock.settle();
    expect(statesOf(long)).toEqual(['resolved', 'pending']);
    share.release();
    await kit.clock.advance(gapMs - 1);
    expect(statesOf(long), 'the line of the share is not handed over either').toEqual([
      'resolved',
      'pending',
    ]);
    await kit.clock.advance(1);
    expect(statesOf(long)).toEqual(['resolved', 'resolved']);
  });

  test('let forty shared ones pass meanwhile; those behind wait with them', async () => {
    const kit = await afterShare();
    const long = [1, 2].map(() => ask(kit, { expectedMs }));
    const passes = async (): Promise<boolean> => {
      const share = ask(kit, { mode: 'shared' });
      await kit.clock.settle();
      if (share.state === 'resolved') share.value.release();
      return share.state === 'resolved';
    };
    let passed = 0;
    while (passed < 100 && (await passes())) passed++;
    expect(passed).toBe(40);
    await kit.clock.advance(gapMs);
    expect(statesOf(long)).toEqual(['resolved', 'resolved']);
    expect(await passes()).toBe(true);
  });

  test('have no connection opened for them, nor validated', async () => {
    const kit = await afterShare({ max: 8, connector: { validate: 'ok' } });
    const opens = kit.connector.opens.length;
    for (let asked = 0; asked < 3; asked++) ask(kit, { expectedMs: 2 * expectedMs });
    ask(kit, { mode: 'shared' });
    await kit.clock.advance(5 * gapMs);
    expect(kit.pool.stats()).toMatchObject({ leased: 4, waiting: 0 });
    expect(kit.connector.opens.length).toBe(opens);
    expect(kit.connector.validations).toEqual([]);
  });

  test('leave the queue like everybody: nothing is left of the one that was held back', async () => {
    const kit = await afterShare();
    await kit.pool.acquire({ expectedMs });
    const timers = kit.clock.pending.length;
    const aborter = new AbortController();
    const second = ask(kit, { expectedMs, signal: aborter.signal, timeoutMs: Number.POSITIVE_INFINITY });
    await kit.clock.settle();
    expect(kit.clock.pending.length).toBe(timers + 1);
    aborter.abort(new Error('no longer wanted'));
    await kit.clock.settle();
    expect(second.error?.message).toBe('no longer wanted');
    expect(kit.clock.pending.length).toBe(timers);
  });
});

describe('an exclusive lease begins at once beside a long one that has just begun', () => {
  const cases: readonly [string, KitOptions, { expectedMs?: number; timeoutMs?: number }][] = [
    ['where nobody knows how long it will be', {}, {}],
    ['where a gap would be shorter than a millisecond', {}, { expectedMs: 9 }],
    ['where it may not wait', {}, { expectedMs, timeoutMs: 0 }],
    ['where nobody may wait', { maxWaiters: 0 }, { expectedMs }],
    ['where shared leases do not go first', { connector: { sharesFirst: false } }, { expectedMs }],
  ];
  test.each(cases)('%s', async (_, options, terms) => {
    const kit = await afterShare(options);
    await kit.pool.acquire({ expectedMs });
    const second = ask(kit, terms);
    await kit.clock.settle();
    expect(second.state).toBe('resolved');
  });

  test('where there was no shared lease for as long as it takes', async () => {
    const kit = await afterShare();
    await kit.clock.advance(expectedMs + 1);
    const long = [1, 2].map(() => ask(kit, { expectedMs }));
    await kit.clock.settle();
    expect(statesOf(long)).toEqual(['resolved', 'resolved']);
  });

  test('where the one before was not long', async () => {
    const kit = await afterShare();
    await kit.pool.acquire({ expectedMs: 9 });
    const long = ask(kit, { expectedMs });
    await kit.clock.settle();
    expect(long.state).toBe('resolved');
  });
});

test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, '100'])('expectedMs %s is refused', async (value) => {
  const kit = setUp({ max: 1 });
  await expect(kit.pool.acquire({ expectedMs: value as number })).rejects.toThrow(/expectedMs/);
});
