// What a connector is given may be taken apart: every member works by itself.
import { type ConnectError, createPool } from 'openline';
import { ManualClock } from 'openline/testing';
import { expect, onTestFinished, test } from 'vitest';

test('the members of the context of open', async () => {
  const clock = new ManualClock();
  const phases: unknown[] = [];
  const signals: AbortSignal[] = [];
  const pool = createPool(
    {
      open: async ({ signal, phase, address }) => {
        signals.push(signal);
        address('far.internal:7');
        phase('dns');
        await new Promise<void>((resolve) => void clock.setTimer(resolve, 20));
        phase('tcp');
        await new Promise<void>((resolve) => void clock.setTimer(resolve, 30));
        if (phases.length > 0) throw new Error('of the test');
        return {};
      },
    },
    { name: 'apart', clock, observers: [{ opened: (event) => phases.push(...event.phases) }] },
  );
  onTestFinished(async () => void (await pool.close()));
  const first = pool.warm(1);
  await clock.advance(50);
  await first;
  expect(phases).toEqual([
    { name: 'dns', tookMs: 20 },
    { name: 'tcp', tookMs: 30 },
  ]);
  expect(signals[0]!.aborted).toBe(false);
  const second = pool.warm(2).catch((error: unknown) => error as ConnectError);
  await clock.advance(50);
  expect(await second).toMatchObject({ phase: 'tcp', address: 'far.internal:7' });
});

test('the members of the context of validate and reset', async () => {
  const clock = new ManualClock();
  const dirty: string[] = [];
  const signals: AbortSignal[] = [];
  const pool = createPool(
    {
      open: async () => ({}),
      validate: async (_connection, { signal }) => void signals.push(signal),
      reset: async (_connection, { signal, dirty: report }) => {
        signals.push(signal);
        report('at once');
        await Promise.resolve();
        report('later');
      },
    },
    { clock, validateAfterIdleMs: 10, observers: [{ dirtyReturn: ({ what }) => dirty.push(what) }] },
  );
  onTestFinished(async () => void (await pool.close()));
  await pool.use(() => undefined);
  await clock.advance(100);
  await pool.use(() => undefined);
  await clock.settle();
  expect(dirty).toEqual(['at once', 'later', 'at once', 'later']);
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, false, false]);
});
