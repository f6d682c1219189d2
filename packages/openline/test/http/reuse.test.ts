// How long an idle connection may be reused: the server's word, and what was seen of it.
import { expect, test } from 'vitest';
import { parseKeepAlive, ReuseLimits } from '../../src/http/reuse.ts';

const never = Number.POSITIVE_INFINITY;
const hour = 3_600_000;

test.each([
  ['timeout=5', 5_000, undefined],
  ['timeout=5, max=100', 5_000, 100],
  ['max=2; Timeout = "7"', 7_000, 2],
  ['xtimeout=5', undefined, undefined],
  ['timeout=soon', undefined, undefined],
  ['', undefined, undefined],
])('a header %j is read', (value, timeoutMs, max) => {
  expect(parseKeepAlive(value)).toEqual({ timeoutMs, max });
});

test('without a hint and without deaths there is no limit', () => {
  expect(new ReuseLimits().limitMs(undefined, 0)).toBe(never);
});

test.each([
  [1_000, 800],
  [5_000, 4_000],
  [75_000, 73_000],
  [0, 0],
])('of a hint of %i ms, %i are used', (hintMs, used) => {
  expect(new ReuseLimits().limitMs(hintMs, 0)).toBe(used);
});

test('two deaths at about the same age are a limit: eight tenths of it are used', () => {
  const limits = new ReuseLimits();
  limits.died(52, 1_000);
  limits.died(50, 1_500);
  expect(limits.limitMs(undefined, 1_500)).toBe(40);
  expect(limits.limitMs(undefined, 9_000)).toBeLessThan(41);
});

test('a single death is a limit for a second', () => {
  const limits = new ReuseLimits();
  limits.died(50, 1_000);
  expect(limits.limitMs(undefined, 1_999)).toBe(40);
  expect(limits.limitMs(undefined, 2_000)).toBe(never);
});

test('a hint below what was learned still counts', () => {
  const limits = new ReuseLimits();
  limits.died(5_000, 0);
  limits.died(5_000, 100);
  expect(limits.limitMs(1_000, 100)).toBe(800);
  expect(limits.limitMs(60_000, 100)).toBe(4_000);
});

test('deaths at different ages teach nothing', () => {
  const limits = new ReuseLimits();
  limits.died(50, 0);
  limits.died(900, 1_000);
  limits.died(20, 2_000);
  expect(limits.limitMs(undefined, 4_000)).toBe(never);
});

test('connections that die in the same moment teach nothing: the server was restarted', () => {
  const limits = new ReuseLimits();
  for (let index = 0; index < 10; index++) limits.died(300, 1_000 + index);
  expect(limits.limitMs(undefined, 3_100)).toBe(never);
});

test('what was learned is forgotten slowly, and learned again', () => {
  const limits = new ReuseLimits();
  limits.died(50, 0);
  limits.died(50, 100);
  const soon = limits.limitMs(undefined, 60_100);
  expect(soon).toBeGreaterThan(40);
  expect(soon).toBeLessThan(44);
  expect(limits.limitMs(undefined, 2 * hour)).toBeGreaterThan(100_000);
  limits.died(50, 2 * hour);
  limits.died(50, 2 * hour + 100);
  expect(limits.limitMs(undefined, 2 * hour + 100)).toBe(40);
});
