// The callers of the http bench, without a server.

import { expect, it } from 'vitest';
import { runCrowd } from '../src/benches/http/callers.ts';

it('never has two callers under way with the same value', async () => {
  const underWay = new Set<number>();
  const send = async (value: number): Promise<void> => {
    expect(underWay).not.toContain(value);
    underWay.add(value);
    await null;
    underWay.delete(value);
  };
  const { sample, firstFailure } = await runCrowd(send, { callers: 10, ms: 5 });
  expect(firstFailure).toBeUndefined();
  expect(sample['failed']).toBe(0);
});

it('counts the requests that failed, keeps the first error, and leaves them out of the other figures', async () => {
  let sent = 0;
  const send = async (value: number): Promise<void> => {
    sent++;
    if (value % 2 === 1) throw new Error(`no ${value}`);
  };
  const { sample, firstFailure } = await runCrowd(send, { callers: 10, ms: 0 });
  expect(sent).toBe(10);
  expect(firstFailure).toEqual(new Error('no 1'));
  expect(sample).toMatchObject({ failed: 5, rate: expect.any(Number), p99: expect.any(Number) });
});

it('tells of a round without a single answer that all of it failed, and nothing else', async () => {
  const send = () => Promise.reject(new Error('refused'));
  const { sample } = await runCrowd(send, { callers: 3, ms: 0 });
  expect(sample).toEqual({ failed: 3 });
});

it('lets the others have their answers while one fails at once, again and again', async () => {
  let answered = 0;
  const send = async (value: number): Promise<void> => {
    if (value % 2 === 1) throw new Error('refused');
    await new Promise((resolve) => setImmediate(resolve));
    answered++;
  };
  await runCrowd(send, { callers: 2, ms: 20 });
  expect(answered).toBeGreaterThan(1);
});
