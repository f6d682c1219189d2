// Deadlines of many requests on one timer.
import { ManualClock } from 'openline/testing';
import { expect, test } from 'vitest';
import { type Due, DueTimes } from '../../src/http/due-times.ts';

class Deadline implements Due {
  dueAt: number;
  previousDue: Due | undefined;
  nextDue: Due | undefined;
  overdueAt: number | undefined;
  readonly aborts: Error[] = [];
  readonly onOverdue: () => void;

  constructor(dueAt: number, onOverdue: () => void = () => undefined) {
    this.dueAt = dueAt;
    this.onOverdue = onOverdue;
  }

  overdue(now: number): void {
    this.overdueAt = now;
    this.onOverdue();
  }

  abort(reason: Error): void {
    this.aborts.push(reason);
  }
}

function setUp(...ats: number[]) {
  const clock = new ManualClock({ nowMs: 0 });
  const times = new DueTimes(clock);
  const dues = ats.map((at) => {
    const due: Deadline = new Deadline(at, () => times.delete(due));
    times.add(due);
    return due;
  });
  return { clock, times, dues };
}

test('each is told within 10 ms of its deadline, and not before', async () => {
  const { clock, dues } = setUp(500, 100, 103, 30_000);
  await clock.advance(40_000);
  for (const { dueAt, overdueAt } of dues) {
    expect(overdueAt).toBeGreaterThanOrEqual(dueAt);
    expect(overdueAt).toBeLessThanOrEqual(dueAt + 10);
  }
});

test('one that was moved later is told later', async () => {
  const { clock, dues } = setUp(100);
  await clock.advance(50);
  dues[0]!.dueAt = 400;
  await clock.advance(349);
  expect(dues[0]!.overdueAt).toBeUndefined();
  await clock.advance(11);
  expect(dues[0]!.overdueAt).toBeDefined();
});

test('one that was moved earlier is told earlier', async () => {
  const { clock, times, dues } = setUp(10_000);
  dues[0]!.dueAt = 200;
  times.moved(dues[0]!);
  await clock.advance(210);
  expect(dues[0]!.overdueAt).toBeLessThanOrEqual(210);
});

test.each([0, 1, 2])(
  'one that has left is not told, and its neighbours are (number %i of three)',
  async (index) => {
    const { clock, times, dues } = setUp(100, 100, 100);
    times.delete(dues[index]!);
    await clock.advance(200);
    expect(dues.map(({ overdueAt }) => overdueAt !== undefined)).toEqual(
      [0, 1, 2].map((other) => other !== index),
    );
  },
);

test('all of them are ended at once', () => {
  const { times, dues } = setUp(100, 200);
  const reason = new Error('over');
  times.abortAll(reason);
  expect(dues.map(({ aborts }) => aborts)).toEqual([[reason], [reason]]);
});
