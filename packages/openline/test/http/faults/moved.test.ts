// A service that moved to another address: DNS knows, and the pool follows within the lifetime of its connections.
import type { LookupFunction } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { givenPool } from '../support/pools.ts';
import { answerOf, scriptedServer } from '../support/scripted-server.ts';
import { askByFetch, expectNothingLeft } from '../support/ways-in.ts';

it('follows within the lifetime, under load, and loses no request', async () => {
  const before = await scriptedServer(({ socket }) => socket.write(answerOf('before')), '127.0.0.1');
  const after = await scriptedServer(
    ({ socket }) => socket.write(answerOf('after')),
    '127.0.0.2',
    before.port,
  );
  let address = '127.0.0.1';
  const lookup: LookupFunction = (_host, _options, answer) => {
    process.nextTick(answer, null, [{ address, family: 4 }]);
  };
  const maxLifetimeMs = 1_500;
  const pool = givenPool({ lookup, maxLifetimeMs, max: 5 });
  const url = `http://service.test:${before.port}`;
  let stopped = false;
  const answers: { text: string; at: number }[] = [];
  const caller = async (): Promise<void> => {
    while (!stopped) {
      answers.push({ text: await askByFetch(pool, url), at: performance.now() });
      await pause(2);
    }
  };
  const callers = Promise.all(Array.from({ length: 10 }, caller));
  await expect.poll(() => answers.length, { timeout: 10_000 }).toBeGreaterThan(100);
  expect(new Set(answers.map(({ text }) => text))).toEqual(new Set(['before']));
  const movedAt = performance.now();
  address = '127.0.0.2';
  await expect.poll(() => before.sockets.every(({ destroyed }) => destroyed), { timeout: 10_000 }).toBe(true);
  const newFrom = answers.length;
  await expect.poll(() => answers.length, { timeout: 10_000 }).toBeGreaterThan(newFrom + 100);
  stopped = true;
  await callers;
  const lastBefore = answers.findLast(({ text }) => text === 'before')!;
  const tookMs = lastBefore.at - movedAt;
  if (process.env['OPENLINE_TEST_FIGURES'])
    console.log(`followed after ${tookMs.toFixed(0)} of ${maxLifetimeMs} ms`);
  expect(tookMs).toBeLessThan(maxLifetimeMs + 1_000);
  expect(new Set(answers.slice(newFrom + 10).map(({ text }) => text))).toEqual(new Set(['after']));
  expect(pool.stats().origins[0]?.requestTotals.failed).toBe(0);
  await expectNothingLeft(pool, after);
});
