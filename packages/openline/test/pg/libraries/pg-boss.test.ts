// pg-boss: its statements go through the pool that its `db` option wraps.
import PgBoss from 'pg-boss';
import { expect, test } from 'vitest';
import {
  describeOverBothPools,
  expectAllReturned,
  type Line,
  type LineConfig,
} from '../../support/libraries.ts';
import type { PoolClass } from '../../support/pools.ts';
import { givenPostgres } from '../../support/postgres.ts';

const database = givenPostgres();

async function open(Pool: PoolClass, config: LineConfig): Promise<Line & { boss: PgBoss }> {
  await database.ask('drop schema if exists pgboss cascade');
  const pool = new Pool(config);
  const boss = new PgBoss({ db: { executeSql: (text, values) => pool.query(text, values) } });
  await boss.start();
  return { pool, boss, close: () => boss.stop({ graceful: true, timeout: 5_000 }) };
}

interface Greeting {
  name: string;
}

describeOverBothPools(database, 'pg-boss', open, (line) => {
  test('works a job from one end to the other', async () => {
    const { boss, pool } = line();
    await boss.createQueue('greet');
    const worked = new Promise<string>((resolve) => {
      void boss.work<Greeting>('greet', { pollingIntervalSeconds: 0.5 }, async ([job]) => {
        resolve(`hello ${job?.data.name}`);
      });
    });
    const id = await boss.send('greet', { name: "o'hara" });
    expect(await worked).toBe("hello o'hara");
    await expect
      .poll(async () => (await boss.getJobById('greet', id ?? ''))?.state, { timeout: 10_000 })
      .toBe('completed');
    await boss.offWork('greet');
    await expectAllReturned(pool);
  });

  test('fetches each job once, however many ask for it', async () => {
    const { boss, pool } = line();
    await boss.createQueue('greet');
    const sent = await Promise.all(
      Array.from({ length: 25 }, (_, at) => boss.send('greet', { name: `${at}` })),
    );
    const fetched = await Promise.all(Array.from({ length: 40 }, () => boss.fetch<Greeting>('greet')));
    const ids = fetched.flat().map(({ id }) => id);
    expect(ids.sort()).toEqual(sent.map(String).sort());
    await boss.complete('greet', ids);
    await expectAllReturned(pool);
  });

  test('sends a job in the transaction of its user, or not at all', async () => {
    const { boss, pool } = line();
    await boss.createQueue('greet');
    const sendThenEnd = async (end: 'commit' | 'rollback'): Promise<string | null> => {
      const client = await pool.connect();
      try {
        await client.query('begin');
        const db = { executeSql: (text: string, values: unknown[]) => client.query(text, values) };
        const id = await boss.send('greet', { name: end }, { db });
        await client.query(end);
        return id;
      } finally {
        client.release();
      }
    };
    const kept = await sendThenEnd('commit');
    await sendThenEnd('rollback');
    expect(await boss.fetch<Greeting>('greet', { batchSize: 10 })).toMatchObject([
      { id: kept, data: { name: 'commit' } },
    ]);
    await expectAllReturned(pool);
  });

  test("tells the server's error", async () => {
    const { boss } = line();
    await boss.createQueue('greet');
    const id = await boss.send('greet', { name: 'a' });
    expect(id).not.toBeNull();
    await expect(boss.getJobById('greet', 'no-uuid')).rejects.toMatchObject({ code: '22P02' });
  });
});
