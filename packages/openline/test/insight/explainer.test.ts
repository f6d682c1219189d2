// The explainer: what it puts into errors, when it watches, and what it leaves behind.
import { AcquireTimeoutError, createPool, type Explainer, InvalidOptionsError } from 'openline';
import { explainer } from 'openline/insight';
import { FakeConnector, ManualClock } from 'openline/testing';
import { expect, it, vi } from 'vitest';
import { Service } from './service.ts';

async function timeout(given: Explainer | undefined): Promise<AcquireTimeoutError> {
  const clock = new ManualClock();
  const connector = new FakeConnector({ clock, validate: 'none' });
  const pool = createPool(connector, { clock, max: 1, acquireTimeoutMs: 500, explainer: given });
  const held = await pool.acquire();
  const waiting = pool.acquire().catch((error: unknown) => error);
  await clock.advance(500);
  const error = await waiting;
  held.release();
  await pool.close();
  expect(error).toBeInstanceOf(AcquireTimeoutError);
  return error as AcquireTimeoutError;
}

const saying = (explain: Explainer['explain']): Explainer => ({
  waiting: () => undefined,
  explain,
  closed: () => undefined,
});

it('says its sentence in the message and in the field of an acquire timeout', async () => {
  const error = await timeout(saying(() => 'The moon is full: wait for a day.'));
  expect(error.diagnosis).toBe('The moon is full: wait for a day.');
  expect(error.message).toMatch(/The moon is full: wait for a day\.$/);
});

it('leaves the message as it was where it has nothing to say', async () => {
  const [silent, none] = [await timeout(saying(() => undefined)), await timeout(undefined)];
  expect(silent.diagnosis).toBeUndefined();
  expect(silent.message.replace(/pool-\d+/, '')).toBe(none.message.replace(/pool-\d+/, ''));
});

it('hurts no caller when it throws', async () => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  const error = await timeout(
    saying(() => {
      throw new Error('broken');
    }),
  );
  expect(error.diagnosis).toBeUndefined();
  expect(warn.mock.calls[0]?.[0]).toContain('an explainer threw: Error: broken');
  warn.mockRestore();
});

it('is refused where it is none', () => {
  expect(() => createPool(new FakeConnector(), { explainer: {} as Explainer })).toThrow(InvalidOptionsError);
});

it('watches from when somebody waits until nobody has for a minute', async () => {
  const service = new Service();
  const waiting = vi.spyOn(explainer, 'waiting');
  await service.run(5);
  expect(waiting).not.toHaveBeenCalled();
  service.callersAStep = 1.2;
  await service.run(5);
  expect(waiting).toHaveBeenCalled();
  service.callersAStep = 0;
  const timersOfWatch = (): number => service.clock.pending.filter(({ dueInMs }) => dueInMs <= 20).length;
  await service.run(10);
  expect(timersOfWatch()).toBeGreaterThan(0);
  await service.run(61);
  expect(timersOfWatch()).toBe(0);
  waiting.mockRestore();
  await service.end();
});

it('leaves no timer behind when the pool is closed', async () => {
  const service = new Service();
  service.callersAStep = 1.2;
  await service.run(5);
  service.callersAStep = 0;
  await service.end();
  expect(service.clock.pending).toEqual([]);
});

it('watches some pools at a time, with one timer for all of them, however many wait', async () => {
  const clock = new ManualClock();
  const limits = { clock, max: 1, acquireTimeoutMs: 5_000, explainer };
  const pools = Array.from({ length: 50 }, () => createPool(new FakeConnector({ clock }), limits));
  const messages: string[] = [];
  const ends = pools.map(async (pool) => {
    const held = await pool.acquire();
    const error = await pool.acquire().catch((reason: unknown) => reason);
    messages.push((error as AcquireTimeoutError).diagnosis ?? '');
    held.release();
  });
  await clock.advance(3_000);
  const due = clock.pending.map(({ dueInMs }) => dueInMs);
  expect(due.filter((ms) => ms <= 20)).toHaveLength(1);
  await clock.advance(3_000);
  await Promise.all(ends);
  expect(messages.filter((message) => message !== '')).toHaveLength(32);
  await Promise.all(pools.map((pool) => pool.close()));
  expect(clock.pending).toEqual([]);
});
