// What the dashboard says is wrong with the pools: with nothing to configure, only while somebody looks, and of few pools at a time.
import { performance } from 'node:perf_hooks';
import { createPool, type Pool, type PoolStats } from 'openline';
import type { VisiblePool } from 'openline/dashboard';
import { ManualClock } from 'openline/testing';
import { expect, onTestFinished, test, vi } from 'vitest';
import { findingOf } from '../../src/dashboard/findings.ts';
import { LoopDelays } from '../../src/dashboard/loop-delays.ts';
import { Watches } from '../../src/dashboard/watches.ts';
import { captureEveryPlace } from '../support/every-place.ts';
import { served, somePool } from './kit.ts';
import { Watching } from './stream.ts';

const intervalMs = 100;

function watch(port: number, query = ''): Watching {
  const watching = new Watching(port, query);
  onTestFinished(() => watching.leave());
  return watching;
}

/** Leases as they usually are, so that a long one stands out. */
async function serveAsUsual(pool: Pool<object>): Promise<void> {
  for (let times = 0; times < 30; times++) (await pool.acquire()).release();
}

/** A pool that cannot serve: somebody waits for ever. Seen as if it were so many pools, each of which counts how often its times were asked for. */
async function exhausted(clock: ManualClock, count: number) {
  const limits = {
    acquireTimeoutMs: Number.POSITIVE_INFINITY,
    leakThresholdMs: Number.POSITIVE_INFINITY,
  };
  const pool = createPool({ open: async () => ({}) }, { name: 'pool', max: 1, clock, ...limits });
  const lease = await pool.acquire();
  const waiting = pool.acquire();
  onTestFinished(async () => {
    lease.release();
    (await waiting).release();
    await pool.close();
  });
  return Array.from({ length: count }, (_, index) => {
    const name = `pool ${index}`;
    const seen = {
      asked: 0,
      status: () => ({ ...pool.status(), name }),
      stats: (): PoolStats => {
        seen.asked++;
        return { ...pool.stats(), name };
      },
      holders: () => pool.holders(),
      connections: () => pool.connections(),
    };
    return seen;
  });
}

test('a leak is named with its evidence and what to do, with nothing configured; nobody blames the size', async () => {
  captureEveryPlace();
  const orders = somePool('orders', 2);
  await serveAsUsual(orders);
  const { port } = await served([somePool('prices'), orders], { intervalMs });
  const viewer = watch(port, '?pool=orders');
  const leases = [await orders.acquire(), await orders.acquire()];
  const waiting = orders.acquire();
  await viewer.until(() => viewer.named('orders')?.diagnosis?.title === 'Connections leak');
  const diagnosis = viewer.named('orders')!.diagnosis!;
  expect(diagnosis.mood).toBe('bad');
  expect(diagnosis.evidence.join('; ')).toMatch(
    /2 of 2 connections have not come back .* taken at .*diagnosis\.test/,
  );
  expect(diagnosis.advice).toContain('finally');
  expect(viewer.named('prices')?.diagnosis).toBeNull();
  expect(JSON.stringify(viewer.sent), "the service's folder").not.toContain(process.cwd());
  for (const lease of leases) lease.release();
  (await waiting).release();
  await viewer.until(() => viewer.named('orders')?.diagnosis?.mood === 'good');
});

test('a pool that nobody looks at closely is diagnosed when it shows signs', async () => {
  const search = createPool<object>(
    {
      open: async () => {
        throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
      },
      isRetryable: () => true,
    },
    { name: 'search' },
  );
  onTestFinished(async () => void (await search.close({ timeoutMs: 0 })));
  const { port } = await served([somePool('orders'), search], { intervalMs });
  const viewer = watch(port, '?pool=orders');
  void search.acquire().catch(() => {});
  await viewer.until(() => viewer.named('search')?.diagnosis?.title === 'The server cannot be reached');
  expect(viewer.named('search')?.diagnosis?.evidence.join('; ')).toContain('ECONNREFUSED');
  await viewer.until(() => viewer.named('orders')?.diagnosis?.title === 'Nothing is wrong');
});

/** The event loop is in use for such a part of the time, from 0 to 1. */
function loopInUse(utilization: number): void {
  const spy = vi.spyOn(performance, 'eventLoopUtilization');
  spy.mockImplementation(() => ({ idle: 0, active: 0, utilization }));
  onTestFinished(() => void spy.mockRestore());
}

test('a blocked event loop is probed for while the loop is in use, and a quiet process is not woken for it', async () => {
  const clock = new ManualClock();
  const delays = new LoopDelays(clock);
  loopInUse(0.14);
  delays.take();
  expect(clock.pending).toEqual([]);
  loopInUse(0.5);
  delays.take();
  clock.jump(400);
  await clock.advance(100);
  const { blockedMs, longestMs } = delays.take();
  expect(longestMs).toBeGreaterThan(300);
  expect(blockedMs).toBeGreaterThanOrEqual(longestMs);
  loopInUse(0);
  delays.take();
  expect(clock.pending).toEqual([]);
});

test('the watches end with the last one who looks: no timer is left', async () => {
  loopInUse(1);
  const clock = new ManualClock();
  const orders = somePool('orders');
  const { port, board } = await served([orders], { clock });
  const viewer = watch(port);
  await viewer.until(() => viewer.detail !== undefined);
  // The feed's own timer, the second of the watches, and the probe of the event loop.
  await clock.advance(2_000);
  expect(clock.pending.length).toBe(3);
  viewer.leave();
  await expect.poll(() => board.viewers).toBe(0);
  expect(clock.pending).toEqual([]);
  board.close();
  expect(clock.pending).toEqual([]);
});

test('diagnose: false asks pools for nothing but what is shown anyway', async () => {
  const clock = new ManualClock();
  const { port } = await served([somePool('orders')], { clock, diagnose: false });
  const viewer = watch(port);
  await viewer.until(() => viewer.detail !== undefined);
  await clock.advance(3_000);
  expect(clock.pending.length).toBe(1);
  expect(viewer.named('orders')?.diagnosis).toBeNull();
});

test('of twenty pools in trouble eight are watched at a time, and each has its turn; the one that is looked at keeps its place', async () => {
  const clock = new ManualClock();
  const pools = await exhausted(clock, 20);
  const [looked] = pools;
  const watches = new Watches(clock, () => false);
  onTestFinished(() => watches.stop());
  const said = new Set<VisiblePool>();
  for (let second = 0; second < 60; second++) {
    for (const pool of pools) if (watches.see(pool, pool.status(), pool === looked) !== null) said.add(pool);
    watches.seenAll();
    const before = pools.map(({ asked }) => asked);
    await clock.advance(1_000);
    const asked = pools.filter((pool, index) => pool.asked > before[index]!);
    expect(asked).toHaveLength(8);
    expect(asked).toContain(looked);
    expect(Math.max(...pools.map((pool, index) => pool.asked - before[index]!))).toBe(1);
  }
  expect(said.size).toBe(20);
});

test('a diagnosis that throws is warned of once, and hurts nobody', async () => {
  const clock = new ManualClock();
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  onTestFinished(() => void warned.mockRestore());
  const [sound, broken] = await exhausted(clock, 2);
  broken!.stats = () => JSON.parse('no JSON') as PoolStats;
  const watches = new Watches(clock, () => false);
  onTestFinished(() => watches.stop());
  const said = [];
  for (let second = 0; second < 20; second++) {
    said.push([sound!, broken!].map((pool) => watches.see(pool, pool.status(), false)));
    watches.seenAll();
    await clock.advance(1_000);
  }
  expect(said.at(-1)).toEqual([expect.objectContaining({ mood: 'bad' }), null]);
  expect(warned).toHaveBeenCalledTimes(1);
});

test('unsure shows the candidates with what speaks for each, and not before five seconds', () => {
  const leak = {
    cause: 'leak',
    score: 0.4,
    evidence: ['1 of 9 has not come back'],
    advice: 'Release it.',
  } as const;
  const unsure = {
    verdict: 'unsure',
    sentence: '',
    evidence: ['3 callers waiting', ...leak.evidence],
    advice: '',
    ranked: [leak],
  } as const;
  expect(findingOf(unsure, 4_000)).toBeNull();
  expect(findingOf(unsure, 5_000)).toEqual({
    mood: 'unsure',
    title: 'The cause is not sure',
    evidence: ['3 callers waiting'],
    advice: '',
    others: [
      expect.objectContaining({ title: 'Connections leak', evidence: leak.evidence, advice: leak.advice }),
    ],
  });
  expect(findingOf({ ...unsure, evidence: ['3 callers waiting'], ranked: [] }, 5_000)?.advice).toMatch(
    /^Nothing/,
  );
});

test('of two causes that are both likely the second is told too; one of little weight is not', () => {
  const finding = (cause: 'leak' | 'slow-use' | 'server-full', score: number) => ({
    cause,
    score,
    evidence: [`${cause} was measured`],
    advice: `mend ${cause}`,
  });
  const first = finding('leak', 0.9);
  const found = findingOf(
    {
      verdict: 'leak',
      sentence: '',
      ...first,
      ranked: [first, finding('slow-use', 0.6), finding('server-full', 0.2)],
    },
    9_000,
  );
  expect(found).toMatchObject({ mood: 'bad', title: 'Connections leak', advice: 'mend leak' });
  expect(found?.others.map(({ title }) => title)).toEqual(['Connections are used for longer than before']);
});

test('what one snapshot tells of is said at once; rates of the whole life of a pool are not', () => {
  const of = (verdict: 'leak' | 'server-full' | 'healthy') =>
    findingOf({ verdict, sentence: '', evidence: ['e'], advice: 'a', ranked: [] }, 0)?.title;
  expect(of('leak')).toBe('Connections leak');
  expect(of('server-full')).toBeUndefined();
  expect(of('healthy')).toBeUndefined();
});

test('an outage is never called nothing: it is told as soon as an open has failed, though nobody has waited for long', () => {
  const unreachable = {
    cause: 'server-unreachable',
    score: 0.7,
    evidence: ['no connection could be opened for 2 s'],
    advice: 'Mend it.',
  } as const;
  const found = {
    verdict: 'healthy',
    sentence: '',
    evidence: [],
    advice: '',
    ranked: [unreachable],
  } as const;
  expect(findingOf(found, 0)).toMatchObject({
    mood: 'bad',
    title: 'The server cannot be reached',
    advice: 'Mend it.',
  });
  expect(findingOf({ ...found, verdict: 'unsure' }, 0)?.mood).toBe('bad');
});
