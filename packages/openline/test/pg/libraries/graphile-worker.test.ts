// graphile-worker: it listens on one client of the pool and works its jobs on others.
import { Logger, type Runner, run, type TaskList } from 'graphile-worker';
import { expect, test } from 'vitest';
import {
  describeOverBothPools,
  expectAllReturned,
  type Line,
  type LineConfig,
} from '../../support/libraries.ts';
import type { PoolClass } from '../../support/pools.ts';
import { givenPostgres, until } from '../../support/postgres.ts';

const database = givenPostgres();
const silent = new Logger(() => () => undefined);

interface Worked extends Line {
  start(tasks: TaskList): Promise<Runner>;
}

async function open(Pool: PoolClass, config: LineConfig): Promise<Worked> {
  await database.ask('drop schema if exists graphile_worker cascade');
  const pool = new Pool(config);
  // The listeners that it asks its users for.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => void client.on('error', () => undefined));
  const runners: Runner[] = [];
  return {
    pool,
    async start(taskList) {
      const runner = await run({
        pgPool: pool,
        taskList,
        concurrency: 5,
        noHandleSignals: true,
        // Long enough that only a notification can start a job in time.
        pollInterval: 60_000,
        logger: silent,
        preset: { worker: { gracefulShutdownAbortTimeout: 500 } },
      });
      runners.push(runner);
      // It looks for jobs at its start, and begins to listen a little later.
      await until(async () => (await listeners()).length === 1, 'it listens', 20_000);
      return runner;
    },
    async close() {
      // A second stop is refused.
      for (const runner of runners) await runner.stop().catch(() => undefined);
    },
  };
}

/** The sessions that wait for notifications, but for one. */
async function listeners(but: unknown = 0): Promise<unknown[]> {
  const text =
    "select pid from pg_stat_activity where state = 'idle' and query ilike 'listen%' and pid <> $1";
  return (await database.ask(text, [but])).map(({ pid }) => pid);
}
const left = (): Promise<unknown[]> => database.ask('select * from graphile_worker.jobs');

describeOverBothPools(database, 'graphile-worker', open, (line) => {
  test('works a job as soon as it is told of it, in a transaction', async () => {
    const { pool, start } = line();
    await pool.query('create table greeted (name text)');
    const runner = await start({
      greet: (payload, { withPgClient }) =>
        withPgClient(async (client) => {
          const { name } = payload as { name: string };
          await client.query('insert into greeted values ($1)', [name]);
        }),
    });
    await runner.addJob('greet', { name: "o'hara" });
    await until(async () => (await left()).length === 0, 'the job is done', 20_000);
    expect((await pool.query('select name from greeted')).rows).toEqual([{ name: "o'hara" }]);
    await runner.stop();
    await expectAllReturned(pool);
  });

  test('hears of jobs that others add through the same pool', async () => {
    const { pool, start } = line();
    const heard: unknown[] = [];
    const runner = await start({ greet: (payload) => void heard.push(payload) });
    await Promise.all(
      Array.from({ length: 25 }, (_, at) =>
        pool.query("select graphile_worker.add_job('greet', $1::json)", [{ at }]),
      ),
    );
    await until(async () => (await left()).length === 0, 'the jobs are done', 20_000);
    expect(heard).toHaveLength(25);
    await runner.stop();
    await expectAllReturned(pool);
  });

  test('keeps a job that throws, with its error', async () => {
    const { pool, start } = line();
    const runner = await start({
      async greet(_payload, { query }) {
        await query('select nonsense');
      },
    });
    await runner.addJob('greet', {}, { maxAttempts: 1 });
    await until(
      async () =>
        (await database.ask("select * from graphile_worker.jobs where last_error like '%nonsense%'"))
          .length === 1,
      'the error is written down',
      20_000,
    );
    await runner.stop();
    await expectAllReturned(pool);
  });

  test('listens again after its session has died', async () => {
    const { pool, start } = line();
    const heard: unknown[] = [];
    const runner = await start({ greet: (payload) => void heard.push(payload) });
    const lost = new Promise((resolve) => runner.events.once('pool:listen:error', resolve));
    const [killed] = await listeners();
    await database.ask('select pg_terminate_backend($1)', [killed]);
    await lost;
    await until(async () => (await listeners(killed)).length === 1, 'it listens again', 20_000);
    await pool.query("select graphile_worker.add_job('greet')");
    await until(() => heard.length === 1, 'the job is done', 20_000);
    await runner.stop();
    await expectAllReturned(pool);
  });
});
