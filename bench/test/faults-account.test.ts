// How the figures of a fault are made from what a player told.

import { expect, it } from 'vitest';
import { type Account, accountOf, type Course } from '../src/faults/account.ts';
import { type Call, labelOf } from '../src/faults/calls.ts';
import type { Span } from '../src/faults/clock.ts';

const at = (moment: number): Span => ({ from: moment, until: moment });
const course: Course = {
  beganAt: 1_000,
  strikes: [at(1_000)],
  healedAt: 5_000,
  healedFor: 'all',
  watchedUntil: 5_000,
};
const right = (askedAt: number, endedAt: number): Call => ({ askedAt, endedAt, outcome: 'right' });
const failed = (askedAt: number, endedAt: number, label = 'ECONNRESET'): Call => ({
  askedAt,
  endedAt,
  outcome: 'failed',
  label,
  message: `${label} at ${endedAt}`,
});

function account(calls: readonly Call[], more: Partial<Course> & { stalls?: readonly Span[] } = {}): Account {
  const { stalls = [], ...changes } = more;
  return accountOf({
    told: { calls, unanswered: [], stalls, crash: undefined },
    course: { ...course, ...changes },
    deadlines: { waitingMs: 100, wholeMs: 500 },
    waitingLabel: 'no connection',
    connectAttempts: 7,
    closedAt: 9_000,
  });
}

it('tells statements in flight by their end within 100 ms of a strike, and all others are later or before', () => {
  const calls = [failed(900, 999), failed(900, 1_000), failed(1_000, 1_099), failed(1_000, 1_100)];
  expect(account(calls)).toMatchObject({
    errorsBefore: 1,
    errorsInFlight: 2,
    errorsLater: 1,
    errors: { ECONNRESET: { count: 4, firstMs: -1, lastMs: 100, example: 'ECONNRESET at 999' } },
  });
  const twice = account(calls, { strikes: [at(1_000), at(1_090)] });
  expect(twice).toMatchObject({ errorsInFlight: 3, errorsLater: 0 });
  const slowly = account(calls, { strikes: [{ from: 1_000, until: 1_050 }] });
  expect(slowly).toMatchObject({ errorsInFlight: 3, errorsLater: 0 });
});

it('counts every error as later where nothing broke at once', () => {
  expect(account([failed(1_000, 1_010)], { strikes: [] })).toMatchObject({
    errorsInFlight: 0,
    errorsLater: 1,
  });
});

it('holds a call that only waited to the shorter deadline', () => {
  expect(account([failed(1_000, 1_400)]).overshootMs).toBe(-100);
  expect(account([failed(1_000, 1_400, 'no connection in time')]).overshootMs).toBe(300);
});

it('does not count the time in which the process stood still, and only what of it came after the deadline', () => {
  const stalls = [{ from: 1_400, until: 1_560 }];
  expect(account([right(1_000, 1_570)], { stalls }).overshootMs).toBe(10);
});

it('measures the recovery to the first right answer after the end of the fault', () => {
  const calls = [right(1_000, 4_990), failed(4_000, 5_005), right(4_900, 5_040), right(5_000, 5_030)];
  expect(account(calls).recoveryMs).toBe(30);
  expect(account(calls, { healedFor: 'newcomers' }).recoveryMs).toBeNull();
  expect(account([...calls, right(5_001, 5_090)], { healedFor: 'newcomers' }).recoveryMs).toBe(90);
  expect(account([failed(4_000, 5_005)]).recoveryMs).toBeNull();
});

it('names an error by its name and its code, or by its first words without their numbers', () => {
  const coded = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });
  expect(labelOf(coded)).toBe('ECONNREFUSED');
  expect(labelOf(Object.assign(new TypeError('no'), { code: 'E1' }))).toBe('TypeError E1');
  expect(labelOf(new Error('gave up after 1234 ms of waiting in vain'))).toBe('gave up after N ms');
  expect(labelOf('text')).toBe('not an Error: text');
});
