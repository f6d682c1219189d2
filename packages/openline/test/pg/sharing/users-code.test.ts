// What users give the driver to run throws: it costs its owner, and nobody else.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { CustomTypesConfig } from 'pg';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { givenPostgres } from '../../support/postgres.ts';
import { makeKnown, outcomes, poolOf } from './kit.ts';

const database = givenPostgres();
const numbered = 'select $1::int as n';
const healthy = [1, 2, 3, 4, 5];

function throwing(where: 'parser' | 'lookup'): CustomTypesConfig {
  const fail = (): never => {
    throw new Error(`thrown by the ${where}`);
  };
  return { getTypeParser: where === 'lookup' ? fail : () => fail } as unknown as CustomTypesConfig;
}

describe.each(['parser', 'lookup'] as const)('a type %s that throws', (where) => {
  test('fails its own query, and its neighbours are answered', async () => {
    const pool = poolOf(database, { max: 1 });
    await makeKnown(pool, [numbered, [0]]);
    const [first, ...others] = await outcomes([
      pool.query({ text: numbered, values: [0], types: throwing(where) }),
      ...healthy.map((n) => pool.query(numbered, [n])),
    ]);
    expect(first).toMatchObject({ message: `thrown by the ${where}` });
    expect(others).toMatchObject(healthy.map((n) => ({ rows: [{ n }] })));
    expect((await pool.query(numbered, [9])).rows).toEqual([{ n: 9 }]);
  });
});

describe('a callback that throws', () => {
  test('is reported to the process as with pg, and its neighbours are answered', async () => {
    const pool = poolOf(database, { max: 1 });
    await makeKnown(pool, [numbered, [0]]);
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    const caught = vi.fn();
    process.on('uncaughtException', caught);
    onTestFinished(() => {
      process.removeAllListeners('uncaughtException');
      for (const listener of before) process.on('uncaughtException', listener);
    });
    pool.query(numbered, [0], () => {
      throw new Error('thrown by the callback');
    });
    const answers = await Promise.all(healthy.map((n) => pool.query(numbered, [n])));
    expect(answers).toMatchObject(healthy.map((n) => ({ rows: [{ n }] })));
    await vi.waitFor(() => expect(caught).toHaveBeenCalledOnce());
    expect(caught.mock.calls[0]?.[0]).toMatchObject({ message: 'thrown by the callback' });
  });
});

describe('a listener of a pool event that throws', () => {
  test('leaves no neighbour unanswered', async () => {
    const pool = poolOf(database, { max: 1 });
    await makeKnown(pool, [numbered, [0]]);
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', () => undefined);
    onTestFinished(() => {
      process.removeAllListeners('uncaughtException');
      for (const listener of before) process.on('uncaughtException', listener);
    });
    pool.on('release', () => {
      throw new Error('thrown by the listener');
    });
    const answers = await Promise.all(healthy.map((n) => pool.query(numbered, [n])));
    expect(answers).toMatchObject(healthy.map((n) => ({ rows: [{ n }] })));
    pool.removeAllListeners('release');
  });
});

describe('the async context', () => {
  const storage = new AsyncLocalStorage<number>();

  test("of a callback, and of what follows an await, is its own caller's", async () => {
    const pool = poolOf(database, { max: 1 });
    await makeKnown(pool, [numbered, [0]]);
    const seen = await Promise.all(
      healthy.map((n) =>
        storage.run(n, async () => {
          const byCallback = new Promise((resolve) => {
            pool.query(numbered, [n], () => resolve(storage.getStore()));
          });
          await pool.query(numbered, [n]);
          return [storage.getStore(), await byCallback];
        }),
      ),
    );
    expect(seen).toEqual(healthy.map((n) => [n, n]));
  });
});
