// How gently a pool tries to grow while its server is full.
import { expect, test } from 'vitest';
import { Fullness } from '../../src/core/fullness.ts';

test('nothing is held before the first refusal', () => {
  const fullness = new Fullness();
  expect([fullness.nextAt, fullness.allowance(0)]).toEqual([0, Number.POSITIVE_INFINITY]);
});

test('refusals hold growth for ever longer, up to five seconds; those that come together count once', () => {
  const fullness = new Fullness();
  const holds: number[] = [];
  for (let now = 0; holds.length < 6; now = fullness.nextAt) {
    fullness.refused(now);
    fullness.refused(now + 1);
    holds.push(fullness.nextAt - now);
    expect(fullness.allowance(fullness.nextAt - 1)).toBe(0);
    expect(fullness.allowance(fullness.nextAt)).toBe(1);
  }
  expect(holds).toEqual([500, 1_000, 2_000, 4_000, 5_000, 5_000]);
});

test('an open that succeeds ends the growth of the holds, unless it was under way beside a refused one', () => {
  const fullness = new Fullness();
  fullness.refused(0);
  fullness.opened(100);
  fullness.refused(500);
  expect(fullness.nextAt).toBe(1_500);
  fullness.opened(1_500);
  fullness.refused(1_600);
  expect(fullness.nextAt).toBe(2_100);
});

test('opens go one at a time until a minute after the last refusal', () => {
  const fullness = new Fullness();
  fullness.refused(0);
  expect(fullness.allowance(59_999)).toBe(1);
  expect(fullness.allowance(60_000)).toBe(Number.POSITIVE_INFINITY);
});
