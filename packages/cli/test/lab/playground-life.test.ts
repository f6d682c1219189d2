// The life of a fault, on a clock of the test's own: planted when enough is usual, named, ended by itself, mended again where that failed.
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import type { Stage } from '../../src/lab/playground/faults.ts';
import { Playground } from '../../src/lab/playground/playground.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A stage on which everything is said by the test. */
function someStage() {
  const says = { verdict: 'healthy', served: 100 };
  const pools = [{ stats: () => ({ times: { use: { count: says.served } } }) }];
  const shop = {
    get pool() {
      return pools.at(-1)!;
    },
    traffic: { burst: vi.fn() },
    diagnose: () => ({ verdict: says.verdict }),
    reopen: vi.fn(() => void pools.push({ ...pools[0]! })),
  };
  const database = { kill: vi.fn(async () => {}), start: vi.fn(async () => {}) };
  const proxy = { refuse: vi.fn(), cut: vi.fn(), restore: vi.fn(async () => {}) };
  const playground = new Playground({ shop, database, proxy } as unknown as Stage);
  onTestFinished(() => playground.close());
  return { says, shop, database, proxy, playground };
}

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

it('is planted once enough customers were served, named when the diagnosis says so twice, and ends after 90 s', async () => {
  const { says, shop, playground } = someStage();
  says.served = 10;
  expect(playground.plant('spike')).toBe(true);
  await pass(5_000);
  expect(playground.state()).toMatchObject({ phase: 'preparing', fault: 'spike' });
  expect(shop.traffic.burst).not.toHaveBeenCalled();

  says.served = 60;
  await pass(250);
  expect(playground.state()).toMatchObject({ phase: 'broken', namedAfterMs: undefined, endsInMs: 90_000 });
  expect(shop.traffic.burst).toHaveBeenCalledTimes(1);
  says.verdict = 'leak';
  await pass(1_000);
  expect(playground.state().namedAfterMs).toBeUndefined();
  says.verdict = 'thundering-herd';
  await pass(250);
  expect(playground.state().namedAfterMs).toBeUndefined();
  await pass(250);
  expect(playground.state().namedAfterMs).toBe(1_500);

  await pass(88_000);
  expect(playground.state().phase).toBe('broken');
  await pass(750);
  expect(playground.state()).toMatchObject({ phase: 'recovering', endsInMs: undefined, namedAfterMs: 1_500 });
  const bursts = shop.traffic.burst.mock.calls.length;
  await pass(10_000);
  expect(shop.traffic.burst).toHaveBeenCalledTimes(bursts);
  says.verdict = 'healthy';
  await pass(250);
  expect(playground.state()).toMatchObject({ phase: 'calm', fault: 'spike' });
});

it('opens the shop anew for a fault that is told by what was usual, where its pool has seen one', async () => {
  const { shop, playground } = someStage();
  const breakAndMend = async (): Promise<void> => {
    expect(playground.plant('spike')).toBe(true);
    await pass(250);
    expect(playground.mend()).toBe(true);
    await pass(250);
  };
  await breakAndMend();
  expect(shop.reopen).not.toHaveBeenCalled();
  await breakAndMend();
  expect(shop.reopen).toHaveBeenCalledTimes(1);
});

it('one fault at a time: another can be planted only once the first is mended', async () => {
  const { playground } = someStage();
  expect(playground.mend()).toBe(false);
  expect(playground.plant('kill')).toBe(true);
  expect([playground.plant('spike'), playground.mend()]).toEqual([false, false]);
  await pass(250);
  expect(playground.plant('spike')).toBe(false);
  expect(playground.mend()).toBe(true);
  expect([playground.mend(), playground.plant('spike')]).toEqual([false, false]);
  await pass(0);
  expect(playground.plant('spike')).toBe(true);
});

it('a database that could not be killed is reachable again, though nothing was planted', async () => {
  const { database, proxy, playground } = someStage();
  database.kill.mockRejectedValueOnce(new Error('not permitted'));
  playground.plant('kill');
  await pass(250);
  expect(playground.state()).toMatchObject({ failure: 'not permitted' });
  expect(proxy.refuse).toHaveBeenCalledTimes(1);
  expect(proxy.restore).toHaveBeenCalledTimes(1);
});

it('what could not be mended is said, and mended again 5 s later', async () => {
  const { database, proxy, playground } = someStage();
  playground.plant('kill');
  await pass(250);
  expect(database.kill).toHaveBeenCalledTimes(1);
  database.start.mockRejectedValueOnce(new Error('the disk is full'));
  playground.mend();
  await pass(0);
  expect(playground.state()).toMatchObject({ phase: 'broken', failure: 'the disk is full' });
  expect(proxy.restore).not.toHaveBeenCalled();
  await pass(5_250);
  expect(playground.state()).toMatchObject({ failure: undefined, fault: 'kill' });
  expect(proxy.restore).toHaveBeenCalledTimes(1);
});
