// A server that closes idle connections without a word, sometimes while a request is on its way to it.
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { OriginStats } from '../../../src/http/index.ts';
import { givenPool } from '../support/pools.ts';
import { type Asked, answerOf, type ScriptedServer, scriptedServer } from '../support/scripted-server.ts';
import { askByFetch, askByRequest, expectNothingLeft } from '../support/ways-in.ts';

const closesAfterMs = 50;

/** Answers, and closes a connection that has been idle for 50 ms. */
function closingServer(): Promise<ScriptedServer> {
  const timers = new WeakMap<Asked['socket'], NodeJS.Timeout>();
  return scriptedServer(({ socket }) => {
    clearTimeout(timers.get(socket));
    socket.write(answerOf('ok'));
    timers.set(
      socket,
      setTimeout(() => socket.destroy(), closesAfterMs),
    );
  });
}

/** Answers the first request on each connection, and hangs up at the second. */
function hangingUp(): Promise<ScriptedServer> {
  return scriptedServer(({ socket, nth }) => {
    if (nth === 1) socket.write(answerOf('ok'));
    else socket.destroy();
  });
}

it('loses no GET to it, and learns not to reuse what is about to be closed', async () => {
  const server = await closingServer();
  const pool = givenPool();
  const caller = async (): Promise<void> => {
    for (let turn = 0; turn < 40; turn++) {
      expect(await askByFetch(pool, server.origin)).toBe('ok');
      await pause(closesAfterMs - 2 + Math.random() * 4);
    }
  };
  await Promise.all(Array.from({ length: 10 }, caller));
  const seen = (): OriginStats => pool.stats().origins[0]!;
  expect(seen().requestTotals).toMatchObject({ answered: 400, failed: 0 });
  // One death is a limit for a second, two at ages alike are one for long: on a busy machine the second may be yet to come.
  while (!(seen().reusableForMs < closesAfterMs)) {
    expect(await askByFetch(pool, server.origin)).toBe('ok');
    await pause(2 * closesAfterMs);
  }
  if (process.env['OPENLINE_TEST_FIGURES']) console.log(seen());
  await expectNothingLeft(pool, server);
});

it('sends a GET again over a fresh connection, not over one that has been idle as long as the one that died', async () => {
  const server = await hangingUp();
  const pool = givenPool();
  await Promise.all(Array.from({ length: 5 }, () => askByRequest(pool, server.origin)));
  expect(server.sockets).toHaveLength(5);
  await pause(closesAfterMs);
  expect(await askByRequest(pool, server.origin)).toBe('ok');
  expect(server.sockets).toHaveLength(6);
  expect(pool.stats().origins[0]?.requestTotals).toMatchObject({ failed: 0, resentUnanswered: 1 });
  await expectNothingLeft(pool, server);
});

it('loses no GET when all connections die at once in the middle of requests', async () => {
  let isDying = false;
  const server = await scriptedServer(({ socket }) => {
    if (isDying) return;
    socket.write(answerOf('ok'));
  });
  const pool = givenPool();
  const asks = (count: number) =>
    Promise.all(Array.from({ length: count }, () => askByRequest(pool, server.origin)));
  await asks(10);
  isDying = true;
  const answers = asks(5);
  await expect.poll(() => server.asked.length).toBe(15);
  isDying = false;
  for (const socket of server.sockets) socket.resetAndDestroy();
  expect(await answers).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
  await expectNothingLeft(pool, server);
});
