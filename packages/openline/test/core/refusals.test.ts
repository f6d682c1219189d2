// Whoever may not even wait is told why others do, at a price that a crowd of them does not raise.
import { type AcquireTimeoutError, type Explainer, QueueFullError } from 'openline';
import { expect, test } from 'vitest';
import { ask, type Kit, type KitOptions, lease, setUp } from './kit.ts';

interface Explained extends Kit {
  /** How often the cause was looked for. */
  readonly asked: () => number;
}

function explained(options: KitOptions = {}): Explained {
  let asked = 0;
  const explainer: Explainer = {
    waiting: () => undefined,
    explain: () => `The moon is full, look ${++asked}.`,
    closed: () => undefined,
  };
  return { ...setUp({ max: 1, maxWaiters: 1, explainer, ...options }), asked: () => asked };
}

test('the error of a full queue says why callers wait', async () => {
  const kit = explained();
  await lease(kit, 1);
  ask(kit);
  const refused = ask(kit);
  await kit.clock.settle();
  const error = refused.error as QueueFullError;
  expect(error).toBeInstanceOf(QueueFullError);
  expect(error.diagnosis).toBe('The moon is full, look 1.');
  expect(error.message).toMatch(/1 callers wait already, .* 1 waiting\. The moon is full, look 1\.$/);
});

test('without an explainer it says what can be done', async () => {
  const kit = explained({ explainer: undefined });
  await lease(kit, 1);
  ask(kit);
  const refused = ask(kit);
  await kit.clock.settle();
  expect((refused.error as QueueFullError).diagnosis).toBeUndefined();
  expect(refused.error!.message).toMatch(/Shed load before the pool, or raise maxWaiters\.$/);
});

test('the cause is looked for four times a second at the most, and serves all who are refused meanwhile', async () => {
  const kit = explained({ acquireTimeoutMs: Number.POSITIVE_INFINITY });
  await lease(kit, 1);
  ask(kit);
  for (let ms = 0; ms < 1_000; ms += 10) {
    for (let caller = 0; caller < 10; caller++) ask(kit);
    await kit.clock.advance(10);
  }
  expect(kit.pool.stats().totals.refused).toBe(1_000);
  expect(kit.asked()).toBe(4);
});

test('who would not wait is told why others do, and nothing where nobody else waits', async () => {
  const kit = explained();
  const [held] = await lease(kit, 1);
  const alone = ask(kit, { timeoutMs: 0 });
  await kit.clock.settle();
  expect((alone.error as AcquireTimeoutError).diagnosis).toBeUndefined();
  expect(kit.asked()).toBe(0);
  const waiting = ask(kit);
  const beside = ask(kit, { timeoutMs: 0 });
  await kit.clock.settle();
  expect((beside.error as AcquireTimeoutError).diagnosis).toBe('The moon is full, look 1.');
  expect(beside.error!.message).toContain('The moon is full, look 1.');
  held!.release();
  await kit.clock.settle();
  waiting.value.release();
});
