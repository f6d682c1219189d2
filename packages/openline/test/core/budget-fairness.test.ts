// Many pools under a small budget: nobody starves, and the order of arrival is kept.
import { expect, test } from 'vitest';
import { type BudgetKit, setUpBudget } from './budget-kit.ts';
import { ask, numbersFrom } from './kit.ts';

/** 200 pools, 50 connections; an open takes 5 ms. */
const setUp = (): BudgetKit =>
  setUpBudget({
    budgetMax: 50,
    pools: 200,
    acquireTimeoutMs: Number.POSITIVE_INFINITY,
    connector: { open: 'slow', slowMs: 5 },
  });

test('a thousand callers of 200 pools under a budget of 50 are served in the order in which they came', async () => {
  const kit = setUp();
  const random = numbersFrom(7);
  const served: number[] = [];
  for (let caller = 0; caller < 1_000; caller++) {
    const from = kit.pools[Math.floor(random() * 200)]!;
    void from.pool.acquire().then((lease) => {
      served.push(caller);
      kit.clock.setTimer(() => lease.release(), 10 + random() * 10);
    });
  }
  for (let ms = 0; ms < 2_000 && served.length < 1_000; ms += 50) {
    await kit.clock.advance(50);
    kit.check();
  }
  expect(served).toHaveLength(1_000);
  // Those who are served at one time differ by how long their connections take to open.
  const late = served.map((caller, place) => place - caller);
  expect(Math.max(...late)).toBeLessThanOrEqual(50);
}, 60_000);

test('under steady load on every pool each waits about as long as the others, and none for ever', async () => {
  const kit = setUp();
  let goesOn = true;
  const waits: number[][] = kit.pools.map(() => []);
  const once = (number: number): void => {
    const cameAt = kit.clock.now();
    void kit.pools[number]!.pool.acquire().then((lease) => {
      waits[number]!.push(kit.clock.now() - cameAt);
      kit.clock.setTimer(() => {
        lease.release();
        if (goesOn) once(number);
      }, 10);
    });
  };
  for (const number of kit.pools.keys()) for (let loops = 0; loops < 3; loops++) once(number);
  await kit.clock.advance(1_000);
  kit.check();
  goesOn = false;
  await kit.clock.advance(500);
  // 600 callers, of whom 50 are served every 15 ms.
  const turnMs = (600 / 50) * 15;
  expect(Math.max(...waits.flat())).toBeLessThanOrEqual(1.5 * turnMs);
  expect(Math.min(...waits.map(({ length }) => length))).toBeGreaterThanOrEqual(Math.floor(1_000 / turnMs));
}, 60_000);

test('an idle budget is lent to whoever asks, and one busy pool may have all of it', async () => {
  const kit = setUpBudget({ budgetMax: 50, pools: 3, max: 100 });
  for (let callers = 0; callers < 60; callers++) ask(kit.pools[0]!);
  await kit.clock.settle();
  expect(kit.pools[0]!.pool.stats()).toMatchObject({ leased: 50, waiting: 10 });
});
