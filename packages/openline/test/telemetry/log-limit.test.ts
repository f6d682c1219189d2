// The log's limit forgets the kinds of origins that have gone.
import { expect, test } from 'vitest';
import { LogLimit } from '../../src/telemetry/log-limit.ts';

const minuteMs = 60_000;

/** One line more than may be written. */
function overrun(limit: LogLimit, kind: string, now: number): void {
  for (let line = 0; line < 6; line++) limit.take(kind, now);
}

test('what was left out is told by the next line', () => {
  const limit = new LogLimit();
  overrun(limit, 'a', 0);
  expect(limit.take('b', 2 * minuteMs)).toBe(0);
  expect(limit.take('a', 2 * minuteMs)).toBe(1);
});

test('a kind that came, was too frequent, and went is forgotten', () => {
  const limit = new LogLimit();
  for (let kind = 0; kind < 100; kind++) overrun(limit, `origin ${kind}`, 0);
  limit.take('another', 9 * minuteMs);
  expect(limit.size).toBe(101);
  limit.take('another', 10 * minuteMs);
  expect(limit.size).toBe(1);
});
