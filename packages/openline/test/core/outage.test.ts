// While the server cannot be reached: attempts with growing gaps, waiters that ride it out, and nobody storming it.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ask, type Kit, type KitOptions, numbersFrom, openIdle, setUp } from './kit.ts';

const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

afterEach(() => {
  vi.restoreAllMocks();
});

/** A warm pool whose server has just gone, with all its connections. */
async function outage(options: KitOptions): Promise<Kit> {
  const kit = setUp({ max: 10, ...options });
  await openIdle(kit, 10);
  kit.connector.set('open', refused);
  for (const connection of [...kit.connector.live]) kit.connector.lose(connection, new Error('ECONNRESET'));
  await kit.clock.settle();
  return kit;
}

const attempts = ({ connector }: Kit): number => connector.opens.length - 10;

describe.each([1, 2, 3, 4, 5])('with the jitter of seed %s', (seed) => {
  const random = numbersFrom(seed);

  test('an outage of 10 s takes 40 attempts at the most, and no waiter with 15 s fails', async () => {
    vi.spyOn(Math, 'random').mockImplementation(random);
    const kit = await outage({ acquireTimeoutMs: 15_000 });
    const asked = Array.from({ length: 20 }, () => ask(kit));
    await kit.clock.advance(10_000);
    expect(attempts(kit)).toBeGreaterThan(15);
    expect(attempts(kit)).toBeLessThanOrEqual(40);
    kit.connector.set('open', 'ok');
    await kit.clock.advance(700);
    expect(asked.slice(0, 10).map(({ state }) => state)).toEqual(Array(10).fill('resolved'));
    for (const each of asked) if (each.state === 'resolved') each.value.release();
    await kit.clock.settle();
    expect(asked.every(({ state }) => state === 'resolved')).toBe(true);
  });

  test('an outage of 60 s takes 80 attempts at the most', async () => {
    vi.spyOn(Math, 'random').mockImplementation(random);
    const kit = await outage({ acquireTimeoutMs: 2_000 });
    for (let second = 0; second < 60; second++) {
      for (let caller = 0; caller < 20; caller++) ask(kit);
      await kit.clock.advance(1_000);
    }
    expect(attempts(kit)).toBeGreaterThan(30);
    expect(attempts(kit)).toBeLessThanOrEqual(80);
  });
});

test('the gaps double from 50 ms to 250 ms, and then follow the age of the outage', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  const kit = await outage({ acquireTimeoutMs: 300_000 });
  const times: number[] = [];
  const open = kit.connector.open.bind(kit.connector);
  kit.connector.open = (context) => {
    times.push(kit.clock.now());
    return open(context);
  };
  ask(kit);
  await kit.clock.advance(200_000);
  const gaps = times.slice(1).map((at, index) => at - times[index]!);
  expect(gaps.slice(0, 6)).toEqual([50, 100, 200, 250, 250, 250]);
  const at = (ms: number): number => gaps[times.findIndex((time) => time - times[0]! >= ms)]!;
  expect(at(20_000)).toBeGreaterThanOrEqual(1_000);
  expect(at(20_000)).toBeLessThanOrEqual(1_100);
  expect(Math.max(...gaps)).toBe(5_000);
});

test('one attempt at a time is made, whoever waits', async () => {
  const kit = await outage({ acquireTimeoutMs: 60_000 });
  kit.connector.set('open', 'never');
  for (let caller = 0; caller < 20; caller++) ask(kit);
  await kit.clock.advance(1_000);
  expect(kit.pool.stats().opening).toBe(1);
});

test('on a cold pool the first failures, which come together, count as one step', async () => {
  const kit = setUp({ max: 10, acquireTimeoutMs: 60_000, connector: { open: refused } });
  for (let caller = 0; caller < 20; caller++) ask(kit);
  await kit.clock.settle();
  const first = kit.connector.opens.length;
  expect(first).toBe(10);
  await kit.clock.advance(10_000);
  expect(kit.connector.opens.length - first).toBeLessThanOrEqual(39);
});

test('the end of an outage is told once, with its length and its cost', async () => {
  const recovered: unknown[] = [];
  const kit = await outage({
    acquireTimeoutMs: 60_000,
    observers: [{ recovered: (event) => recovered.push(event) }],
  });
  ask(kit);
  await kit.clock.advance(2_000);
  const failed = kit.pool.stats().outage!;
  expect(failed).toMatchObject({ attempts: attempts(kit), breakerOpen: false });
  expect(failed.error).toMatchObject({ code: 'ECONNREFUSED' });
  kit.connector.set('open', 'ok');
  await kit.clock.advance(1_000);
  expect(recovered).toEqual([{ poolName: 'test', outageMs: expect.any(Number), attempts: failed.attempts }]);
  expect(kit.pool.stats().outage).toBeUndefined();
});

test('waiters without a deadline are kept alive until the next attempt', async () => {
  const kit = await outage({ acquireTimeoutMs: Number.POSITIVE_INFINITY });
  const aborter = new AbortController();
  ask(kit, { signal: aborter.signal });
  await kit.clock.advance(500);
  const keepsAlive = (): boolean => kit.clock.pending.some((timer) => timer.keepsAlive);
  expect(keepsAlive()).toBe(true);
  aborter.abort();
  await kit.clock.settle();
  expect(keepsAlive()).toBe(false);
});
