// Money on the move for a while, with kills, aborts and timeouts: no sum is ever wrong, no connection is lent twice, and memory stays where it is.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Pool } from 'openline/pg';
import { expect, test } from 'vitest';
import { ended } from '../support/pools.ts';
import { givenPostgres } from '../support/postgres.ts';

const database = givenPostgres();
/** `OPENLINE_TEST_SOAK_SECONDS=60` for the whole of it. */
const seconds = Number(process.env['OPENLINE_TEST_SOAK_SECONDS'] ?? 10);
const accounts = 50;
const opening = 1_000;
const callers = 40;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const heap = (): number => {
  collect();
  return process.memoryUsage().heapUsed;
};

const pick = (): number => 1 + Math.floor(Math.random() * accounts);

/** What may come of a transfer: done, or nothing at all. */
const excused =
  /terminat|ECONNRESET|EPIPE|not queryable|canceling|no answer within|^given up$|deadlock|no connection within/;

test('a soak', { timeout: (seconds + 60) * 1_000 }, async () => {
  await database.ask('create table accounts (id int primary key, balance int not null)');
  await database.ask('insert into accounts select n, $1::int from generate_series(1, $2::int) n', [
    opening,
    accounts,
  ]);
  const pool = ended(
    new Pool(
      database.config({
        max: 10,
        application_name: 'soak',
        statementTimeoutMs: 2_000,
        acquireTimeoutMs: 5_000,
      }),
    ),
  );
  pool.on('error', () => undefined);
  const until = Date.now() + seconds * 1_000;
  const tally = { transfers: 0, reads: 0, excused: 0, kills: 0 };
  const wrong: string[] = [];
  /** The sessions that have a transaction in hand. */
  const lent = new Set<number>();
  const blame = (error: unknown): void => {
    const { message } = error as Error;
    if (excused.test(message)) tally.excused++;
    else wrong.push(message);
  };

  const transfer = async (): Promise<void> => {
    const [from, to] = [pick(), pick()].sort((a, b) => a - b);
    await pool.transaction(async (client) => {
      const { rows } = await client.query('select pg_backend_pid() as pid');
      const { pid } = rows[0];
      if (lent.has(pid)) wrong.push(`session ${pid} was lent twice`);
      lent.add(pid);
      try {
        await client.query('update accounts set balance = balance - 1 where id = $1', [from]);
        if (Math.random() < 0.05) throw new Error('given up');
        await client.query('update accounts set balance = balance + 1 where id = $1', [to]);
        const after = await client.query('select pg_backend_pid() as pid');
        if (after.rows[0].pid !== pid) wrong.push('a transaction changed its session');
      } finally {
        lent.delete(pid);
      }
    });
    tally.transfers++;
  };
  const read = async (): Promise<void> => {
    const { rows } = await pool.query('select sum(balance)::int as total, $1::int as token from accounts', [
      tally.reads,
    ]);
    if (rows[0].total !== accounts * opening) wrong.push(`a total of ${rows[0].total}`);
    tally.reads++;
  };
  const impatient = async (): Promise<void> => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('given up')), Math.random() * 10);
    await pool.query({ text: 'select pg_sleep(0.01)', signal: controller.signal });
  };
  const late = async (): Promise<void> => {
    await pool.query({ text: 'select pg_sleep(0.05)', statementTimeoutMs: 10 });
  };
  const ways = [transfer, transfer, read, read, read, read, impatient, late];

  const caller = async (): Promise<void> => {
    while (Date.now() < until) await ways[Math.floor(Math.random() * ways.length)]!().catch(blame);
  };
  const killer = async (): Promise<void> => {
    while (Date.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 250));
      const killed = await database.ask(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where application_name = 'soak' order by random() limit 1`,
      );
      tally.kills += killed.length;
    }
  };
  const heaps: number[] = [];
  const watcher = async (): Promise<void> => {
    while (Date.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, (seconds * 1_000) / 10));
      heaps.push(heap());
      const { size, max, idle, leased, opening: coming, validating, resetting, closing } = pool.stats();
      if (size > max || idle + leased + coming + validating + resetting + closing !== size)
        wrong.push('counts do not add up');
    }
  };
  await Promise.all([killer(), watcher(), ...Array.from({ length: callers }, caller)]);

  expect(wrong).toEqual([]);
  expect(await database.ask('select sum(balance)::int as total from accounts')).toEqual([
    { total: accounts * opening },
  ]);
  expect(tally.transfers).toBeGreaterThan(seconds * 10);
  expect(tally.kills).toBeGreaterThan(seconds);
  await expect.poll(() => [pool.idleCount, pool.waitingCount]).toEqual([pool.totalCount, 0]);
  const { leases, totals } = pool.stats();
  expect(leases).toBe(0);
  expect(totals.released).toBe(totals.acquired);
  // The first tenth warms up.
  const growth = heap() - heaps[0]!;
  expect(growth).toBeLessThan(10 * 1_048_576);
  if (process.env['OPENLINE_TEST_FIGURES'])
    console.log(
      tally,
      totals,
      heaps.map((bytes) => Math.round(bytes / 104_857.6) / 10),
    );
});
