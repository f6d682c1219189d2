// Durations in logarithmic buckets: percentiles within 3 %.
import { expect, test } from 'vitest';
import { Histogram } from '../../src/core/histogram.ts';
import { setUp } from './kit.ts';

function filled(values: readonly number[]): ReturnType<Histogram['snapshot']> {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram.snapshot();
}

test('an empty histogram says 0 to everything', () => {
  const snapshot = filled([]);
  expect(snapshot).toMatchObject({ count: 0, sumMs: 0, maxMs: 0, meanMs: 0 });
  expect(snapshot.percentile(99)).toBe(0);
});

test('count, sum, mean and maximum are exact', () => {
  expect(filled([0, 1, 2.5, 96.5])).toMatchObject({ count: 4, sumMs: 100, meanMs: 25, maxMs: 96.5 });
});

test.each([0.02, 0.5, 1, 7, 33, 250, 4_999, 60_000, 1_800_000])(
  'percentiles around %s ms are within 3 %%',
  (ms) => {
    const snapshot = filled([ms, ms, ms, ms * 40]);
    expect(Math.abs(snapshot.percentile(50) - ms) / ms).toBeLessThanOrEqual(0.035);
  },
);

test('percentiles of a thousand known values are where they should be', () => {
  const snapshot = filled(Array.from({ length: 1_000 }, (_, index) => index + 1));
  for (const percent of [1, 25, 50, 75, 90, 99, 99.9]) {
    expect(Math.abs(snapshot.percentile(percent) / (10 * percent) - 1)).toBeLessThanOrEqual(0.035);
  }
  expect(snapshot.percentile(100)).toBeLessThanOrEqual(1_000);
  expect(snapshot.percentile(0)).toBeGreaterThan(0);
});

test('durations of 0 count, and are below all others', () => {
  const snapshot = filled([0, 0, 0, 8]);
  expect([snapshot.percentile(50), snapshot.percentile(75)]).toEqual([0, 0]);
  expect(snapshot.percentile(76)).toBeCloseTo(8, 0);
});

test('durations beyond the last bucket count in it', () => {
  const snapshot = filled([10_000_000]);
  expect(snapshot.maxMs).toBe(10_000_000);
  expect(snapshot.percentile(50)).toBeGreaterThan(2_000_000);
});

test('a percentile outside 0 to 100 is refused', () => {
  for (const percent of [-1, 101, Number.NaN]) {
    expect(() => filled([1]).percentile(percent)).toThrow(RangeError);
  }
});

test('a snapshot does not change with later records', async () => {
  const kit = setUp();
  await kit.pool.use(() => kit.clock.advance(10));
  const before = kit.pool.stats().times.use;
  await kit.pool.use(() => kit.clock.advance(500));
  expect(before).toMatchObject({ count: 1, maxMs: 10 });
  expect(kit.pool.stats().times.use).toMatchObject({ count: 2, maxMs: 500 });
});

test('counts between bounds are exact where bounds are powers of two in microseconds', () => {
  const bounds = [0.128, 0.256, 1.024, 2 ** 30 / 1000];
  const snapshot = filled([0, 0.05, 0.127, 0.128, 0.255, 0.256, 1.023, 1.024, 500, 2_000_000, 10_000_000]);
  expect(snapshot.counts(bounds)).toEqual([3, 2, 2, 2, 2]);
  expect(snapshot.counts([])).toEqual([11]);
});

test('counts beside another bound are at most a bucket off', () => {
  expect(filled([94, 99, 107]).counts([100])).toEqual([2, 1]);
});

test('how long connections lived is counted when they are closed', async () => {
  const kit = setUp({ max: 1 });
  const lease = await kit.pool.acquire();
  await kit.clock.advance(70);
  expect(kit.pool.stats().times.lifetime.count).toBe(0);
  lease.discard('of the test');
  await kit.clock.settle();
  expect(kit.pool.stats().times.lifetime).toMatchObject({ count: 1, sumMs: 70 });
});

test('what came after an earlier snapshot is told apart from what was before', () => {
  const histogram = new Histogram();
  for (let records = 0; records < 100; records++) histogram.record(500);
  histogram.record(0);
  const before = histogram.snapshot();
  for (const ms of [0, 10, 10, 20]) histogram.record(ms);
  const after = histogram.snapshot().since(before);
  expect(after).toMatchObject({ count: 4, sumMs: 40, meanMs: 10 });
  expect(after.percentile(25)).toBe(0);
  expect(Math.abs(after.percentile(50) - 10)).toBeLessThanOrEqual(0.35);
  expect(Math.abs(after.maxMs - 20)).toBeLessThanOrEqual(0.7);
  expect(histogram.snapshot().since(histogram.snapshot())).toMatchObject({ count: 0, sumMs: 0, maxMs: 0 });
});
