// A caller that waits for the pool it has itself emptied: suspected first, then proven.
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { AcquireTimeoutError } from 'openline';
import { expect, test, vi } from 'vitest';
import { ask, type Kit, lease, setUp, Watched } from './kit.ts';

/** A caller that acquires a second connection while it holds one. */
async function nested({ pool }: Kit, timeoutMs = 3_000): Promise<void> {
  await pool.use(() => pool.use(() => undefined, { timeoutMs }), { timeoutMs });
}

/** Runs a caller that has nothing to do with the others: each request of a server has a context of its own. */
function apart<T>(work: () => T): T {
  return new AsyncResource('CALLER').runInAsyncScope(work);
}

test('the first time it is suspected: all is leased, and nothing came back', async () => {
  const kit = setUp({ max: 1 });
  const asked = apart(() => new Watched(nested(kit), kit.clock));
  await kit.clock.advance(3_000);
  const error = asked.error as AcquireTimeoutError;
  expect(error).toBeInstanceOf(AcquireTimeoutError);
  expect(error.nestedAcquire).toBe('suspected');
  expect(error.message).toContain('none came back during the wait');
});

test('from then on it is proven, and the error says whose fault it is', async () => {
  const kit = setUp({ max: 1 });
  apart(() => new Watched(nested(kit), kit.clock));
  await kit.clock.advance(3_000);
  const again = apart(() => new Watched(nested(kit), kit.clock));
  await kit.clock.advance(3_000);
  const error = again.error as AcquireTimeoutError;
  expect(error.nestedAcquire).toBe('proven');
  expect(error.message).toContain('already holds a connection of this pool and waits for a second one');
});

test('a caller that only waits for others is not accused', async () => {
  const kit = setUp({ max: 1 });
  apart(() => new Watched(nested(kit), kit.clock));
  await kit.clock.advance(3_000);
  apart(() => ask(kit));
  const innocent = apart(() => ask(kit, { timeoutMs: 2_000 }));
  await kit.clock.advance(2_000);
  expect((innocent.error as AcquireTimeoutError).nestedAcquire).toBe('suspected');
});

test('one that has released its first lease is not accused', async () => {
  const kit = setUp({ max: 1 });
  apart(() => new Watched(nested(kit), kit.clock));
  await kit.clock.advance(3_000);
  const caller = async (): Promise<void> => {
    await kit.pool.use(() => undefined);
    apart(() => ask(kit));
    await kit.pool.acquire({ timeoutMs: 500 });
  };
  const asked = apart(() => new Watched(caller(), kit.clock));
  await kit.clock.advance(500);
  expect((asked.error as AcquireTimeoutError).nestedAcquire).toBe('suspected');
});

test('where leases come and go nobody is suspected', async () => {
  const kit = setUp({ max: 2 });
  const [first] = await lease(kit, 2);
  const next = ask(kit);
  const asked = ask(kit, { timeoutMs: 1_000 });
  await kit.clock.advance(500);
  first!.release();
  await kit.clock.advance(500);
  expect(next.state).toBe('resolved');
  expect((asked.error as AcquireTimeoutError).nestedAcquire).toBeUndefined();
});

test('the marks end a minute after the pool was last seen starving', async () => {
  const kit = setUp({ max: 1 });
  apart(() => new Watched(nested(kit), kit.clock));
  await kit.clock.advance(3_000);
  await kit.pool.use(() => undefined);
  await kit.clock.advance(70_000);
  const asked = apart(() => new Watched(nested(kit, 500), kit.clock));
  await kit.clock.advance(500);
  expect((asked.error as AcquireTimeoutError).nestedAcquire).toBe('suspected');
});

test('the marks end with the pool, since they cost every await in the process', async () => {
  const disable = vi.spyOn(AsyncLocalStorage.prototype, 'disable');
  const kit = setUp({ max: 1 });
  apart(() => new Watched(nested(kit), kit.clock));
  await kit.clock.advance(3_000);
  expect(disable).not.toHaveBeenCalled();
  await kit.pool.close();
  expect(disable).toHaveBeenCalledTimes(1);
  disable.mockRestore();
});

test('holders that give up one after the other are found out too, though the pool never starves', async () => {
  const kit = setUp({ max: 2, acquireTimeoutMs: 800 });
  const pause = (ms: number) => new Promise<void>((resolve) => void kit.clock.setTimer(resolve, ms));
  const caller = async (): Promise<void> => {
    await kit.pool.use(async () => {
      await pause(300);
      await kit.pool.use(() => undefined);
    });
  };
  void kit.pool.use(() => pause(550));
  const callers: Watched<void>[] = [];
  for (let count = 0; count < 40; count++) {
    callers.push(apart(() => new Watched(caller(), kit.clock)));
    await kit.clock.advance(100);
  }
  await kit.clock.advance(3_000);
  const found = callers.map(({ error }) => (error as AcquireTimeoutError | undefined)?.nestedAcquire);
  expect(found).not.toContain('suspected');
  expect(found).toContain('proven');
});

test('once somebody has waited for a second, the next who is nested is proven the first time', async () => {
  const kit = setUp({ max: 1 });
  const innocent = async (): Promise<void> => {
    const held = await kit.pool.acquire();
    await new Promise<void>((resolve) => void kit.clock.setTimer(resolve, 400));
    held.release();
  };
  for (let caller = 0; caller < 8; caller++) apart(() => void innocent());
  await kit.clock.advance(2_100);
  const asked = apart(() => new Watched(nested(kit, 2_500), kit.clock));
  await kit.clock.advance(6_000);
  expect((asked.error as AcquireTimeoutError).nestedAcquire).toBe('proven');
});
