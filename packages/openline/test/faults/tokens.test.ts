// Nobody ever gets another's answer: unique tokens on shared lines, with everything that could mix them up mixed in.
import { randomUUID } from 'node:crypto';
import { Pool } from 'openline/pg';
import type { CustomTypesConfig } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { ended } from '../support/pools.ts';
import { givenPostgres } from '../support/postgres.ts';

const database = givenPostgres();
/** `OPENLINE_TEST_TOKENS=1000000` for the whole of it. */
const tokens = Number(process.env['OPENLINE_TEST_TOKENS'] ?? 60_000);
const callers = 120;

const text = 'select $1::text as token';
const both = 'select $1::text as token, $2::int as n';
const wide = "select $1::text as token, repeat('x', $2::int) as filling";
const fails = 'select $1::text as token, 1 / $2::int as n';
const writes = 'insert into seen (token) values ($1) returning token';

const throwing = {
  getTypeParser: () => () => {
    throw new Error('thrown by a parser');
  },
} as unknown as CustomTypesConfig;

interface Score {
  asked: number;
  answered: number;
  readonly failures: Map<string, number>;
  readonly wrong: string[];
}

/** What a caller may ask next; each tells the token that it was answered with, or fails in a way that it expects. */
const ways: readonly ((pool: Pool, token: string, turn: number) => Promise<unknown>)[] = [
  async (pool, token) => (await pool.query(text, [token])).rows[0].token,
  async (pool, token, turn) => {
    const { rows } = await pool.query(both, [token, turn]);
    return rows[0].n === turn ? rows[0].token : `${rows[0].token} with ${rows[0].n}`;
  },
  async (pool, token, turn) => {
    const { rows } = await pool.query(wide, [token, turn % 9_000]);
    return rows[0].filling.length === turn % 9_000 ? rows[0].token : 'filled otherwise';
  },
  (pool, token) =>
    new Promise((resolve, reject) => {
      pool.query(text, [token], (error: Error | undefined, result) => {
        if (error) reject(error);
        else resolve(result.rows[0].token);
      });
    }),
  (pool, token) => pool.query(fails, [token, 0]),
  (pool, token) => pool.query(both, [token, 'no number']),
  (pool, token) => pool.query({ text, values: [token], types: throwing }),
  (pool, token) => {
    const controller = new AbortController();
    const asked = pool.query({ text: both, values: [token, 1], signal: controller.signal });
    setImmediate(() => controller.abort(new Error('aborted')));
    return asked.then(({ rows }) => rows[0].token);
  },
  async (pool, token) => (await pool.query(writes, [token])).rows[0].token,
  (pool, token) =>
    pool.use(async (client) => {
      const answers = await Promise.all([client.query(text, [token]), client.query(both, [token, 5])]);
      return answers[0].rows[0].token === answers[1].rows[0].token ? answers[1].rows[0].token : 'two answers';
    }),
  // Asked for as a query of the pool, a COPY waits for data that nobody will send: the driver ends it.
  (pool, token) => pool.query(`copy seen (token) from stdin -- ${token}`),
];
/** Most ask a plain read: what else there is comes between them. */
const often = 4;

const expected = [
  /division by zero/,
  /invalid input syntax/,
  /thrown by a parser/,
  /^aborted$/,
  /COPY|No source stream/,
  // Those who were under way when their session was ended.
  /terminating connection/,
  /Connection terminated|ECONNRESET|EPIPE/,
  // The second statement of a client that has died in the first.
  /not queryable/,
];

test('tokens come back to those who asked, whatever happens on the lines', {
  timeout: 1_200_000,
}, async () => {
  await database.ask('create table seen (token text)');
  const pool = ended(new Pool(database.config({ application_name: 'tokens' })));
  pool.on('error', () => undefined);
  pool.on('acquire', () => {
    if (Math.random() < 0.0005) throw new Error('thrown by a listener');
  });
  const score: Score = { asked: 0, answered: 0, failures: new Map(), wrong: [] };
  const thrown: Error[] = [];
  const before = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => void thrown.push(error));
  onTestFinished(() => {
    process.removeAllListeners('uncaughtException');
    for (const listener of before) process.on('uncaughtException', listener);
  });

  const caller = async (_: unknown, number: number): Promise<void> => {
    for (let turn = number; score.asked < tokens; turn++) {
      const token = randomUUID();
      score.asked++;
      const way = turn % often === 0 ? ways[(turn / often + number) % ways.length]! : ways[turn % 4]!;
      try {
        const answer = await way(pool, token, turn);
        if (answer === token) score.answered++;
        else score.wrong.push(`${token}: ${JSON.stringify(answer)}`);
      } catch (error) {
        const { message } = error as Error;
        const known = expected.find((pattern) => pattern.test(message));
        if (known === undefined) score.wrong.push(message);
        else score.failures.set(String(known), (score.failures.get(String(known)) ?? 0) + 1);
      }
    }
  };
  let over = false;
  const killer = (async () => {
    while (!over) {
      await new Promise((resolve) => setTimeout(resolve, 150));
      await database.ask(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where application_name = 'tokens' order by random() limit 1`,
      );
    }
  })();
  await Promise.all(Array.from({ length: callers }, caller));
  over = true;
  await killer;

  expect(score.wrong).toEqual([]);
  expect(thrown.filter(({ message }) => message !== 'thrown by a listener')).toEqual([]);
  for (const pattern of expected.slice(0, 5))
    expect(score.failures.get(String(pattern)), String(pattern)).toBeGreaterThan(0);
  expect(score.answered).toBeGreaterThan(score.asked * 0.5);
  await expect.poll(() => [pool.idleCount, pool.waitingCount]).toEqual([pool.totalCount, 0]);
  if (process.env['OPENLINE_TEST_FIGURES']) console.log(score.asked, score.answered, score.failures);
});
