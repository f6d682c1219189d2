// What the players of a fault tell of contenders that misbehave on purpose.

import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { type Account, accountOf } from '../src/faults/account.ts';
import { nowMs } from '../src/faults/clock.ts';
import { PlayerProcess } from '../src/faults/player-process.ts';

const PLAYER = fileURLToPath(new URL('../dist/faults/player.js', import.meta.url));
const access = { host: '', port: 1, user: '', password: '', database: '', max: 1, application: '' };

interface Play {
  readonly patienceMs?: number;
  /** The callers go on until their process is no more. */
  readonly untilCrash?: boolean;
}

/** Two callers for a moment, of a contender whose `query` is this JavaScript, and the figures of it. */
async function playedBy(
  query: string,
  { patienceMs = 2_000, untilCrash = false }: Play = {},
): Promise<Account> {
  const text = `export const create = () => { let calls = 0; return { query: ${query} }; };`;
  const player = new PlayerProcess(
    {
      module: `data:text/javascript,${encodeURIComponent(text)}`,
      access,
      options: {},
      crowd: { callers: 2, texts: ['anything'], pauseMs: [25, 25] },
    },
    PLAYER,
  );
  onTestFinished(() => player.kill());
  const beganAt = nowMs();
  while ((untilCrash || !player.isServed) && player.crash === undefined) await pause(10);
  if (!untilCrash) await pause(200);
  const told = await player.finish(patienceMs);
  return accountOf({
    told,
    course: { beganAt, strikes: [], healedAt: undefined, healedFor: 'all', watchedUntil: nowMs() },
    deadlines: { waitingMs: 100, wholeMs: 300 },
    waitingLabel: 'no connection',
    connectAttempts: 0,
    closedAt: nowMs(),
  });
}

it('finds nothing wrong with one that answers everybody in time', async () => {
  expect(await playedBy('async (_, token) => token')).toMatchObject({
    callsOk: expect.toSatisfy((calls: number) => calls > 2),
    wrongAnswers: 0,
    errors: {},
    hangs: 0,
    overshootMs: expect.toSatisfy((ms: number) => ms < 0),
    crash: null,
  });
});

it('counts the calls that are never answered', async () => {
  const account = await playedBy(
    '(_, token) => ++calls > 4 ? new Promise(() => {}) : Promise.resolve(token)',
    { patienceMs: 500 },
  );
  expect(account).toMatchObject({ callsOk: 4, hangs: 2, errors: {}, crash: null });
  expect(account.longest[0]?.ended).toBe('never answered');
});

it('measures how late an answer is', async () => {
  const late =
    'async (_, token) => { if (++calls === 5) await new Promise((r) => setTimeout(r, 1000)); return token; }';
  const { overshootMs, longestMs, hangs } = await playedBy(late);
  expect(longestMs).toBeGreaterThanOrEqual(999);
  expect(overshootMs).toBeGreaterThan(500);
  expect(hangs).toBe(0);
});

it('takes no answer for right that is somebody else’s', async () => {
  const account = await playedBy(`async (_, token) => ++calls === 5 ? 'another' : token`);
  expect(account).toMatchObject({ wrongAnswers: 1, errors: {} });
});

it.each([
  ['throws outside every call', 'setImmediate(() => { throw new Error("boom") })', 'uncaughtException: boom'],
  ['leaves a rejection to nobody', 'Promise.reject(new Error("boom"))', 'unhandledRejection: boom'],
  ['ends the process', 'process.exit(3)', 'its process ended with 3'],
  ['is killed', 'process.kill(process.pid, "SIGKILL")', 'its process ended with SIGKILL'],
])('tells of the crash of one that %s, and keeps what went before', async (_, crash, told) => {
  const query = `async (_, token) => { if (++calls === 20) { ${crash}; } return token; }`;
  const account = await playedBy(query, { untilCrash: true });
  expect(account.crash).toContain(told);
  expect(account.callsOk).toBeGreaterThan(2);
});
