// Opens, timers and maintenance run in no caller's async context; what a caller asked for runs in its own.
import { AsyncLocalStorage } from 'node:async_hooks';
import { createPool, systemClock } from 'openline';
import { expect, test } from 'vitest';
import { setUp } from './kit.ts';

const storage = new AsyncLocalStorage<string>();

test('an open does not run in the context of the caller that caused it', async () => {
  const seen: (string | undefined)[] = [];
  const kit = setUp();
  const open = kit.connector.open.bind(kit.connector);
  kit.connector.open = async (context) => {
    seen.push(storage.getStore());
    await Promise.resolve();
    seen.push(storage.getStore());
    return open(context);
  };
  await storage.run('caller', async () => {
    await kit.pool.use(() => {
      expect(storage.getStore()).toBe('caller');
    });
    expect(storage.getStore()).toBe('caller');
  });
  expect(seen).toEqual([undefined, undefined]);
});

test('nor does a validation, nor an open that is tried again later', async () => {
  const seen: (string | undefined)[] = [];
  const kit = setUp({ connector: { open: 'fail' } });
  const { connector, clock, pool } = kit;
  const open = connector.open.bind(connector);
  connector.open = (context) => {
    seen.push(storage.getStore());
    return open(context);
  };
  const asked = storage.run('caller', () => pool.acquire());
  await storage.run('clock', () => clock.advance(100));
  connector.set('open', 'ok');
  await clock.advance(300);
  (await asked).release();
  await clock.advance(5_000);
  const validate = connector.validate!;
  Object.assign(connector, {
    validate: (...given: Parameters<typeof validate>) => {
      seen.push(storage.getStore());
      return validate(...given);
    },
  });
  await storage.run('caller', () => pool.use(() => undefined));
  expect(seen.length).toBeGreaterThan(3);
  expect(new Set(seen)).toEqual(new Set([undefined]));
});

test('a waiter that is served by another caller’s release goes on in its own context', async () => {
  const kit = setUp({ max: 1 });
  const held = await storage.run('first', () => kit.pool.acquire());
  const second = storage.run('second', async () => {
    const its = await kit.pool.acquire();
    its.release();
    return storage.getStore();
  });
  storage.run('first', () => held.release());
  await expect(second).resolves.toBe('second');
});

test('a timer of the machine’s clock runs in no caller’s context', async () => {
  const seen = await new Promise((resolve) => {
    storage.run('caller', () => systemClock.setTimer(() => resolve(storage.getStore()), 1));
  });
  expect(seen).toBeUndefined();
});

test('a pool made in a caller’s context keeps none of it', async () => {
  const seen: (string | undefined)[] = [];
  const pool = storage.run('maker', () =>
    createPool(
      {
        open: async () => {
          seen.push(storage.getStore());
          return {};
        },
      },
      { min: 1 },
    ),
  );
  await pool.use(() => undefined);
  await pool.close();
  expect(seen).toEqual([undefined]);
});
