// A clock that moves only when it is told to, and then in order.
import { AsyncLocalStorage } from 'node:async_hooks';
import { ManualClock } from 'openline/testing';
import { expect, test, vi } from 'vitest';

test('timers fire in the order of their times, those of one time as they were set', async () => {
  const clock = new ManualClock();
  const fired: [string, number][] = [];
  const set = (name: string, delayMs: number): void => {
    clock.setTimer(() => fired.push([name, clock.now()]), delayMs);
  };
  set('late', 30);
  set('early', 10);
  set('early too', 10);
  set('at once', -5);
  await clock.advance(29);
  expect(fired).toEqual([
    ['at once', 0],
    ['early', 10],
    ['early too', 10],
  ]);
  await clock.advance(1);
  expect(fired.at(-1)).toEqual(['late', 30]);
});

test('promises settle between timers, and timers that they set fire in the same advance', async () => {
  const clock = new ManualClock();
  const seen: number[] = [];
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => clock.setTimer(resolve, ms));
  const walk = (async () => {
    for (let step = 0; step < 4; step++) {
      await sleep(10);
      seen.push(clock.now());
    }
  })();
  await clock.advance(100);
  await walk;
  expect(seen).toEqual([10, 20, 30, 40]);
  expect(clock.now()).toBe(100);
});

test('advanceSync() fires timers and settles no promise', () => {
  const clock = new ManualClock();
  let settled = false;
  let fired = false;
  clock.setTimer(() => {
    fired = true;
    void Promise.resolve().then(() => {
      settled = true;
    });
  }, 5);
  clock.advanceSync(5);
  expect([fired, settled, clock.now()]).toEqual([true, false, 5]);
});

test('a timer that was cancelled does not fire, nor does one that has fired fire again', async () => {
  const clock = new ManualClock();
  let fired = 0;
  const first = clock.setTimer(() => fired++, 5);
  const second = clock.setTimer(() => fired++, 6);
  first.cancel();
  await clock.advance(100);
  second.cancel();
  await clock.advance(100);
  expect(fired).toBe(1);
});

test('pending tells what has not fired, the next first, and whether it keeps the process alive', async () => {
  const clock = new ManualClock({ nowMs: 50 });
  clock.setTimer(() => undefined, 20);
  clock.setTimer(() => undefined, 10).keepAlive(false);
  await clock.advance(4);
  expect(clock.pending).toEqual([
    { dueInMs: 6, keepsAlive: false },
    { dueInMs: 16, keepsAlive: true },
  ]);
});

test('a jump moves both times and fires nothing until the next advance', async () => {
  const clock = new ManualClock({ nowMs: 100, wallMs: 5_000 });
  const fired: number[] = [];
  clock.setTimer(() => fired.push(clock.now()), 10);
  clock.jump(1_000);
  expect([clock.now(), clock.wallNow(), fired.length]).toEqual([1_100, 6_000, 0]);
  expect(clock.pending).toEqual([{ dueInMs: -990, keepsAlive: true }]);
  await clock.advance(0);
  expect(fired).toEqual([1_100]);
});

test('a jump of the wall moves nothing else', () => {
  const clock = new ManualClock({ wallMs: 5_000 });
  clock.jumpWall(-2_000);
  expect([clock.now(), clock.wallNow()]).toEqual([0, 3_000]);
});

test('the reading of a turn is one object as long as time stands still', async () => {
  const clock = new ManualClock();
  const reading = clock.turnNow();
  expect(clock.turnNow()).toBe(reading);
  await clock.advance(1);
  expect(clock.turnNow().ms).toBe(1);
  expect(reading.ms).toBe(0);
});

test('timers run in no caller’s async context', async () => {
  const storage = new AsyncLocalStorage<string>();
  const clock = new ManualClock();
  const seen: unknown[] = [];
  storage.run('setter', () => clock.setTimer(() => seen.push(storage.getStore()), 5));
  await storage.run('mover', () => clock.advance(5));
  expect(seen).toEqual([undefined]);
});

test('impossible moves are refused', async () => {
  const clock = new ManualClock();
  for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => clock.jump(ms)).toThrow(RangeError);
    expect(() => clock.advanceSync(ms)).toThrow(RangeError);
    await expect(clock.advance(ms)).rejects.toThrow(RangeError);
  }
  const first = clock.advance(5);
  await expect(clock.advance(5)).rejects.toThrow('another advance is under way');
  await first;
  await clock.advance(5);
  expect(clock.now()).toBe(10);
});

test('timers that set each other for ever are found', async () => {
  const clock = new ManualClock();
  const again = (): void => void clock.setTimer(again, 0);
  again();
  expect(() => clock.advanceSync(1)).toThrow(/timers fired, and more are due/);
  // An interval that takes time is no such thing.
  const other = new ManualClock();
  let ticks = 0;
  const tick = (): void => {
    ticks++;
    other.setTimer(tick, 1);
  };
  tick();
  other.advanceSync(150_000);
  expect(ticks).toBe(150_001);
});

test('fake timers of the test runner do not stop it', async () => {
  vi.useFakeTimers();
  const clock = new ManualClock();
  await clock.advance(5);
  vi.useRealTimers();
  expect(clock.now()).toBe(5);
});
