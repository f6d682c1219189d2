// Medians, spreads and ratios.

import { expect, it } from 'vitest';
import { pairedRatio, quantile, spread } from '../src/harness/statistics.ts';

it('sorts by number and takes the middle', () => {
  expect(spread([10, 9, 100, 1, 2])).toEqual({
    median: 9,
    min: 1,
    lowerQuartile: 2,
    upperQuartile: 10,
    max: 100,
  });
});

it('interpolates between the neighbours of a quantile', () => {
  expect(quantile([1, 2], 0.5)).toBe(1.5);
  expect(quantile([5], 0.99)).toBe(5);
  expect(() => quantile([], 0.5)).toThrow('no quantile of an empty list');
});

it('compares round with round, so that a slow round of both changes nothing', () => {
  expect(pairedRatio([2, 20, 200], [1, 10, 100])).toBe(2);
});
