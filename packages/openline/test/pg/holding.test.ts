// What is known of how long a text holds a connection of its own.
import { expect, test } from 'vitest';
import { Profile } from '../../src/pg/statements.ts';

function after(...runs: number[]): number | undefined {
  const profile = new Profile('write', 'name');
  for (const ms of runs) profile.held(ms);
  return profile.holdsMs;
}

const times = (n: number, ms: number): number[] => Array.from({ length: n }, () => ms);

test('nothing is known before the first run, nor of short ones', () => {
  expect(after()).toBeUndefined();
  expect(after(...times(100, 4))).toBeUndefined();
});

test('it comes near the time of runs that are all long, and never above it', () => {
  const heldMs = after(...times(50, 100));
  expect(heldMs).toBeGreaterThan(99);
  expect(heldMs).toBeLessThanOrEqual(100);
});

test('one long run among short ones is soon forgotten', () => {
  expect(after(...times(50, 1), 1_000)).toBeGreaterThan(100);
  expect(after(...times(50, 1), 1_000, 1)).toBeUndefined();
});

test('it follows a text that becomes quicker at once, and one that becomes slower by and by', () => {
  expect(after(...times(50, 100), 20)).toBe(20);
  expect(after(...times(50, 100), 200)).toBeLessThan(120);
});
