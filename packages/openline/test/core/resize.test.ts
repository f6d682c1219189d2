// resize(): max and min of a pool in use.
import type { InvalidOptionsError } from 'openline';
import { assertInvariants } from 'openline/testing';
import { describe, expect, test } from 'vitest';
import { ask, lease, openIdle, setUp } from './kit.ts';

describe('a larger max', () => {
  test('serves those who wait', async () => {
    const kit = setUp({ max: 1 });
    await lease(kit, 1);
    const asked = [ask(kit), ask(kit)];
    await kit.clock.settle();
    kit.pool.resize({ max: 3 });
    await kit.clock.advance(200);
    expect(asked.map(({ state }) => state)).toEqual(['resolved', 'resolved']);
  });
});

describe('a smaller max', () => {
  test('closes idle connections too many, and no more', async () => {
    for (const close of ['ok', 'slow', 'never', 'none'] as const) {
      const kit = setUp({ max: 10, connector: { close }, leftOpen: close === 'none' ? 10 : 0 });
      await openIdle(kit, 10);
      kit.pool.resize({ max: 8 });
      assertInvariants(kit.pool, { shrunkFrom: 10 });
      await kit.clock.advance(1_000);
      expect(kit.pool.stats()).toMatchObject({ idle: 8, size: 8, totals: { closed: { shrunk: 2 } } });
    }
  });

  test('closes leased connections too many when they come back, and no more', async () => {
    const kit = setUp({ max: 4, connector: { close: 'slow' } });
    const held = await lease(kit, 4);
    kit.pool.resize({ max: 2 });
    assertInvariants(kit.pool, { shrunkFrom: 4 });
    for (const each of held) each.release();
    assertInvariants(kit.pool, { shrunkFrom: 4 });
    expect(kit.pool.stats()).toMatchObject({ idle: 2, closing: 2 });
    await kit.clock.advance(100);
    expect(kit.pool.stats()).toMatchObject({ size: 2 });
  });

  test('closes what was being opened when it is open', async () => {
    const kit = setUp({ max: 3, connector: { open: 'slow' } });
    const asked = [ask(kit), ask(kit), ask(kit)];
    kit.pool.resize({ max: 1 });
    for (const open of kit.connector.opens) open.succeed();
    await kit.clock.settle();
    assertInvariants(kit.pool);
    expect(asked.filter(({ state }) => state === 'resolved')).toHaveLength(1);
    expect(kit.pool.stats()).toMatchObject({ size: 1, totals: { closed: { shrunk: 2 } } });
  });

  test('takes min down with it', async () => {
    const kit = setUp({ max: 4, min: 3 });
    await kit.clock.settle();
    kit.pool.resize({ max: 2 });
    await kit.clock.settle();
    expect(kit.pool.stats()).toMatchObject({ max: 2, min: 2, size: 2 });
  });
});

test('a larger min is opened at once, a smaller one waits for the idle timeout', async () => {
  const kit = setUp({ max: 5, idleTimeoutMs: 8_000, connector: { validate: 'none' } });
  kit.pool.resize({ min: 4 });
  await kit.clock.settle();
  expect(kit.pool.stats().idle).toBe(4);
  kit.pool.resize({ min: 1 });
  expect(kit.pool.stats().idle).toBe(4);
  await kit.clock.advance(10_000);
  expect(kit.pool.stats().idle).toBe(1);
});

test('sizes that cannot be are refused, all faults at once, and change nothing', () => {
  const kit = setUp({ max: 4 });
  const refused = (size: object): InvalidOptionsError => {
    try {
      kit.pool.resize(size);
    } catch (error) {
      return error as InvalidOptionsError;
    }
    throw new Error('was taken');
  };
  expect(refused({ max: 0, min: -1 }).faults.map(({ option }) => option)).toEqual(['max', 'min']);
  expect(refused({ min: 5 }).message).toContain('above max 4');
  expect(refused({ maxx: 3 }).message).toContain('did you mean max?');
  expect(kit.pool.stats()).toMatchObject({ max: 4, min: 0 });
});

test('after close() it starts nothing', async () => {
  const kit = setUp({ max: 4 });
  await kit.pool.close();
  kit.pool.resize({ min: 2 });
  await kit.clock.settle();
  expect(kit.clock.pending).toEqual([]);
  expect(kit.connector.opens).toHaveLength(0);
});
