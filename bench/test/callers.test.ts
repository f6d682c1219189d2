// The callers of the postgres bench, without a server.

import { expect, it } from 'vitest';
import { askFor, runCrowd } from '../src/benches/postgres/callers.ts';
import { ACCOUNTS, type Make, short, works } from '../src/benches/postgres/statements.ts';

const rows = { 1: 10, 20: 20, 100: 30 };

it('refuses an answer that belongs to another caller', async () => {
  await expect(askFor(short(7), async () => 8)).rejects.toThrow('asked for 7, got 8');
  await expect(askFor(works.read20(rows)(7), async () => 27)).resolves.toBeUndefined();
});

it('asks one statement in twenty of a mix for long, of as many callers at once', async () => {
  const asked: string[] = [];
  const named =
    (text: string): Make =>
    (value) => ({ text, values: [value], answer: value });
  const answer = async (text: string, [value = Number.NaN]: number[]): Promise<number> => {
    asked.push(text);
    return value;
  };
  const sample = await runCrowd(answer, {
    callers: 100,
    ms: 0,
    make: named('short'),
    makeLong: named('long'),
  });
  expect(asked).toHaveLength(100);
  expect(asked.filter((text) => text === 'long')).toHaveLength(5);
  expect(Object.keys(sample)).toEqual(['rate', 'cpu', 'p50', 'p99', 'longP99']);
});

it('never has two callers under way with the same value', async () => {
  const underWay = new Set<number>();
  const answer = async (_: string, [value = Number.NaN]: number[]): Promise<number> => {
    expect(underWay).not.toContain(value);
    underWay.add(value);
    await null;
    underWay.delete(value);
    return value;
  };
  await runCrowd(answer, { callers: 10, ms: 5, make: short });
});

it('updates every account before the first one again', () => {
  const ids = Array.from({ length: ACCOUNTS }, (_, value) => works.update(rows)(value).answer);
  expect(new Set(ids).size).toBe(ACCOUNTS);
  expect(Math.min(...ids)).toBe(1);
});
