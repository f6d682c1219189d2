// TypeORM: it makes its pool itself, of the class that its `driver` option names.
import pg from 'pg';
import { DataSource, EntitySchema } from 'typeorm';
import { expect, test } from 'vitest';
import {
  type AccountLine,
  describeTables,
  expectAllReturned,
  type LineConfig,
} from '../../support/libraries.ts';
import type { PoolClass } from '../../support/pools.ts';
import { givenPostgres } from '../../support/postgres.ts';

interface Account {
  id: number;
  email: string;
}

const accounts = new EntitySchema<Account>({
  name: 'account',
  columns: {
    id: { type: 'int', primary: true, generated: true },
    email: { type: 'text', unique: true },
  },
});

async function open(Pool: PoolClass, config: LineConfig): Promise<AccountLine & { source: DataSource }> {
  const { host, port, user, password, database, application_name } = config;
  const source = new DataSource({
    type: 'postgres',
    host,
    port,
    username: user,
    password,
    database,
    applicationName: application_name,
    driver: { ...pg, Pool },
    entities: [accounts],
  });
  await source.initialize();
  const { master } = source.driver as unknown as { master: pg.Pool };
  expect(master).toBeInstanceOf(Pool);
  const repository = source.getRepository(accounts);
  return {
    pool: master,
    source,
    createTable: () => source.synchronize(),
    insert: (email) => repository.insert({ email }),
    rename: (from, to) => repository.update({ email: from }, { email: to }),
    emails: async () => (await repository.find()).map(({ email }) => email),
    insertTogether: (emails, failure) =>
      source.transaction(async (manager) => {
        for (const email of emails) await manager.insert(accounts, { email });
        if (failure) throw failure;
      }),
    close: () => (source.isInitialized ? source.destroy() : undefined),
  };
}

describeTables(givenPostgres(), 'TypeORM', open, (line) => {
  test('streams rows, and gives the client back where the reader stops early', async () => {
    const { source, pool } = line();
    await source.query("insert into account (email) select 'e' || n from generate_series(1, 500) n");
    const runner = source.createQueryRunner();
    const stream = await runner.stream('select email from account order by id');
    const seen: string[] = [];
    for await (const { email } of stream as AsyncIterable<Account>) {
      seen.push(email);
      if (seen.length === 3) break;
    }
    await runner.release();
    expect(seen).toEqual(['e1', 'e2', 'e3']);
    await expectAllReturned(pool);
    expect(await line().emails()).toHaveLength(500);
  });

  test('keeps one client for a query runner until it releases it', async () => {
    const { source, pool } = line();
    const runner = source.createQueryRunner();
    await runner.query('create temp table mine (n int)');
    await runner.query('insert into mine values (1)');
    expect(pool.totalCount - pool.idleCount).toBe(1);
    expect(await runner.query('select n from mine')).toEqual([{ n: 1 }]);
    await runner.release();
    await expectAllReturned(pool);
  });

  test('ends the pool with destroy()', async () => {
    const { source, pool } = line();
    await source.destroy();
    expect(pool).toMatchObject({ ending: true, totalCount: 0 });
  });
});
