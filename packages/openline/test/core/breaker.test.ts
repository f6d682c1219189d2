// The breaker: an outage that has outlasted acquireTimeoutMs turns callers away at once, while one probe goes on.
import { channel } from 'node:diagnostics_channel';
import { ConnectError, channelNames, type PoolObserver } from 'openline';
import { describe, expect, test } from 'vitest';
import { ask, type Kit, type KitOptions, openIdle, setUp } from './kit.ts';

const refused = Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:5432'), { code: 'ECONNREFUSED' });

function setDown(): Kit {
  return setUp({ max: 4, acquireTimeoutMs: 2_000, connector: { open: refused } });
}

test('before acquireTimeoutMs is over, callers wait', async () => {
  const kit = setDown();
  ask(kit);
  await kit.clock.advance(1_900);
  const asked = ask(kit);
  await kit.clock.settle();
  expect(asked.state).toBe('pending');
  expect(kit.pool.stats().outage?.breakerOpen).toBe(false);
});

test('after it they are refused at once, with the failure of the last open', async () => {
  const kit = setDown();
  ask(kit);
  await kit.clock.advance(2_300);
  const asked = ask(kit);
  await kit.clock.settle();
  expect(asked.error).toBeInstanceOf(ConnectError);
  expect(asked.error).toMatchObject({ code: 'ECONNREFUSED', cause: refused });
  expect(kit.pool.stats().outage?.breakerOpen).toBe(true);
});

test('a single probe goes on with nobody waiting, and its success closes the breaker', async () => {
  const kit = setDown();
  ask(kit);
  await kit.clock.advance(2_300);
  expect(kit.pool.stats().waiting).toBe(0);
  const before = kit.connector.opens.length;
  await kit.clock.advance(5_000);
  const probes = kit.connector.opens.length - before;
  expect(probes).toBeGreaterThan(5);
  expect(probes).toBeLessThanOrEqual(25);
  kit.connector.set('open', 'ok');
  await kit.clock.advance(1_000);
  expect(kit.pool.stats()).toMatchObject({ outage: undefined, idle: 1 });
  const asked = ask(kit);
  await kit.clock.settle();
  expect(asked.state).toBe('resolved');
});

test('the probe does not keep the process alive', async () => {
  const kit = setDown();
  ask(kit);
  await kit.clock.advance(2_300);
  expect(kit.clock.pending.length).toBeGreaterThan(0);
  expect(kit.clock.pending.some((timer) => timer.keepsAlive)).toBe(false);
});

test('a minute after the last caller the probe rests, and the next caller is not turned away', async () => {
  const kit = setDown();
  ask(kit);
  await kit.clock.advance(120_000);
  const before = kit.connector.opens.length;
  await kit.clock.advance(60_000);
  expect(kit.connector.opens.length).toBe(before);
  kit.connector.set('open', 'ok');
  const asked = ask(kit);
  await kit.clock.settle();
  expect(asked.state).toBe('resolved');
});

test('while a live connection serves, nobody is turned away', async () => {
  const kit = setUp({ max: 2, acquireTimeoutMs: 2_000 });
  const held = await kit.pool.acquire();
  kit.connector.set('open', refused);
  ask(kit);
  await kit.clock.advance(5_000);
  expect(kit.pool.stats().outage).toMatchObject({ breakerOpen: false });
  const asked = ask(kit);
  await kit.clock.settle();
  expect(asked.state).toBe('pending');
  held.release();
  await kit.clock.settle();
  expect(asked.state).toBe('resolved');
});

interface Told {
  readonly event: 'opened' | 'closed' | 'recovered' | 'openFailed';
  readonly at: number;
  readonly outageMs?: number;
  readonly attempts?: number;
  readonly openMs?: number;
  readonly reason?: string;
  readonly error?: unknown;
}

interface Watch extends Kit {
  readonly told: Told[];
  /** What was told of the breaker alone. */
  readonly breaker: () => readonly Told['event'][];
}

function watch(options: KitOptions = {}): Watch {
  const told: Told[] = [];
  const note = (event: Told['event'], about: object): void =>
    void told.push({ ...about, event, at: kit.clock.now() });
  const observer: PoolObserver = {
    openFailed: (about) => note('openFailed', about),
    breakerOpened: (about) => note('opened', about),
    breakerClosed: (about) => note('closed', about),
    recovered: (about) => note('recovered', about),
  };
  const kit = setUp({
    max: 4,
    acquireTimeoutMs: 2_000,
    connector: { open: refused },
    observers: [observer],
    ...options,
  });
  const breaker = (): Told['event'][] =>
    told.map(({ event }) => event).filter((event) => event === 'opened' || event === 'closed');
  return { ...kit, told, breaker };
}

const ofKind = (kind: Told['event'], { told }: Watch): Told => told.find(({ event }) => event === kind)!;

describe('observers are told', () => {
  test('that it opens, at the moment at which the outage has outlasted acquireTimeoutMs', async () => {
    const kit = watch();
    ask(kit);
    await kit.clock.advance(2_000);
    expect(kit.breaker()).toEqual([]);
    await kit.clock.advance(1);
    const { attempts, error } = kit.pool.stats().outage!;
    expect(attempts).toBeGreaterThan(1);
    expect(ofKind('opened', kit)).toEqual({
      event: 'opened',
      poolName: 'test',
      at: 3_001,
      outageMs: 2_001,
      attempts,
      error,
    });
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('once, however many are turned away and however many attempts fail', async () => {
    const kit = watch();
    ask(kit);
    for (let second = 0; second < 10; second++) {
      for (let caller = 0; caller < 5; caller++) ask(kit);
      await kit.clock.advance(1_000);
    }
    expect(kit.breaker()).toEqual(['opened']);
  });

  test('that it closes when an open succeeds, and then that the outage is over', async () => {
    const kit = watch();
    ask(kit);
    await kit.clock.advance(5_000);
    const { attempts } = kit.pool.stats().outage!;
    kit.connector.set('open', 'ok');
    await kit.clock.advance(1_000);
    const { outageMs } = ofKind('recovered', kit);
    expect(kit.told.slice(-2)).toEqual([
      expect.objectContaining({
        event: 'closed',
        poolName: 'test',
        reason: 'recovered',
        openMs: outageMs! - 2_001,
        outageMs,
        attempts: expect.any(Number),
      }),
      expect.objectContaining({ event: 'recovered' }),
    ]);
    expect(ofKind('closed', kit).attempts).toBeGreaterThanOrEqual(attempts);
  });

  test('that it closes when attempts have ended since nobody asked, and opens again when the next caller fails', async () => {
    const kit = watch({ connectTimeoutMs: 3_000 });
    ask(kit);
    await kit.clock.advance(120_000);
    expect(kit.breaker()).toEqual(['opened', 'closed']);
    const lastAttempt = kit.told.findLast(({ event }) => event === 'openFailed')!;
    expect(ofKind('closed', kit)).toMatchObject({ reason: 'rested', at: lastAttempt.at + 13_001 });
    const asked = ask(kit);
    await kit.clock.settle();
    expect(asked.state).toBe('pending');
    expect(kit.breaker()).toEqual(['opened', 'closed', 'opened']);
  });

  test('that it opens when the last connection that served is lost in a long outage', async () => {
    const kit = watch({ max: 2, connector: {} });
    const held = await kit.pool.acquire();
    kit.connector.set('open', refused);
    ask(kit);
    await kit.clock.advance(5_000);
    expect(kit.breaker()).toEqual([]);
    kit.connector.lose(held.connection);
    held.release();
    await kit.clock.settle();
    expect(ofKind('opened', kit).at).toBe(kit.clock.now());
  });

  test('that it closes with the pool', async () => {
    const kit = watch();
    ask(kit);
    await kit.clock.advance(5_000);
    const closing = kit.pool.close();
    await kit.clock.advance(1_000);
    await closing;
    expect(ofKind('closed', kit)).toMatchObject({ reason: 'pool-closed', openMs: 2_999 });
    expect(kit.breaker()).toEqual(['opened', 'closed']);
  });

  test('nothing of an outage that ends before acquireTimeoutMs, nor of the pool that closes in one', async () => {
    const kit = watch();
    const asked = ask(kit);
    await kit.clock.advance(1_500);
    kit.connector.set('open', 'ok');
    await kit.clock.advance(600);
    asked.value.release();
    kit.connector.set('open', refused);
    kit.connector.lose([...kit.connector.live][0]!);
    ask(kit);
    await kit.clock.advance(1_900);
    const closing = kit.pool.close();
    await kit.clock.advance(5_000);
    await closing;
    expect(kit.told.map(({ event }) => event)).toContain('recovered');
    expect(kit.breaker()).toEqual([]);
  });
});

test('the channels tell of it too', async () => {
  const told: unknown[] = [];
  const note = (event: unknown): void => void told.push(event);
  channel(channelNames.breakerOpened).subscribe(note);
  channel(channelNames.breakerClosed).subscribe(note);
  const kit = setDown();
  ask(kit);
  await kit.clock.advance(5_000);
  kit.connector.set('open', 'ok');
  await kit.clock.advance(1_000);
  channel(channelNames.breakerOpened).unsubscribe(note);
  channel(channelNames.breakerClosed).unsubscribe(note);
  expect(told).toMatchObject([
    { poolName: 'test', outageMs: 2_001, error: { code: 'ECONNREFUSED' } },
    { poolName: 'test', reason: 'recovered' },
  ]);
});

test('a pool without outages sets no timer for its breaker', async () => {
  const kit = setUp({ max: 2, connector: { validate: 'none' } });
  const before = kit.clock.pending.length;
  await openIdle(kit, 2);
  await kit.pool.use(() => undefined);
  // The maintainer's.
  expect(kit.clock.pending.length).toBeLessThanOrEqual(before + 1);
});
