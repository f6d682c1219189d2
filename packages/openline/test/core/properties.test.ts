// What always holds, over random schedules on a manual clock and a gated connector.
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { numbersFrom } from './kit.ts';
import { Schedule } from './schedule.ts';
import { settings, steps } from './steps.ts';

const schedules = 10_000;

afterEach(() => {
  vi.restoreAllMocks();
});

test('whatever happens in whatever order, nothing is lent twice, lost, forgotten or left behind', async () => {
  let ran = 0;
  let breakersOpened = 0;
  const property = fc.asyncProperty(settings, steps, async (setting, what) => {
    vi.spyOn(Math, 'random').mockImplementation(numbersFrom(setting.seed));
    const schedule = new Schedule(setting);
    for (const [step, settles] of what) {
      await schedule.step(step, settles);
      ran++;
    }
    await schedule.recover();
    await schedule.finish();
    breakersOpened += schedule.breaker.timesOpened;
  });
  await fc.assert(property, { numRuns: schedules });
  expect(ran).toBeGreaterThan(schedules);
  expect(breakersOpened).toBeGreaterThan(0);
}, 300_000);
