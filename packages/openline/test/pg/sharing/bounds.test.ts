// What a line takes at once is bounded, and it leaves whatever a test has done to the timers.
import type { Socket } from 'node:net';
import { describe, expect, test, vi } from 'vitest';
import { givenPostgres } from '../../support/postgres.ts';
import { makeKnown, poolOf } from './kit.ts';

const database = givenPostgres();

describe('large values', () => {
  test('do not pile up in front of one line: a hundred of 4 MB keep only some in memory', async () => {
    const pool = poolOf(database, { max: 2 });
    const length = 'select length($1::text) as n';
    await makeKnown(pool, [length, ['x']]);
    const large = 'x'.repeat(4 * 1_048_576);
    let mostUnsent = 0;
    pool.on('acquire', (client) => {
      const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
      queueMicrotask(() => {
        mostUnsent = Math.max(mostUnsent, stream.writableLength);
      });
    });
    const answers = await Promise.all(Array.from({ length: 100 }, () => pool.query(length, [large])));
    expect(answers.every(({ rows }) => rows[0].n === large.length)).toBe(true);
    expect(mostUnsent).toBeGreaterThan(large.length);
    expect(mostUnsent).toBeLessThan(2 * large.length);
  });
});

describe('fake timers', () => {
  test('keep nothing back', async () => {
    const pool = poolOf(database, { max: 1 });
    const numbered = 'select $1::int as n';
    await makeKnown(pool, [numbered, [0]]);
    vi.useFakeTimers();
    try {
      const answers = await Promise.all([1, 2, 3].map((n) => pool.query(numbered, [n])));
      expect(answers.map(({ rows }) => rows[0].n)).toEqual([1, 2, 3]);
    } finally {
      vi.useRealTimers();
    }
  });
});
