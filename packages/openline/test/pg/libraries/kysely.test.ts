// Kysely: its PostgresDialect, with a cursor for streams.
import { type Generated, Kysely, PostgresDialect } from 'kysely';
import Cursor from 'pg-cursor';
import { expect, test } from 'vitest';
import {
  type AccountLine,
  describeTables,
  expectAllReturned,
  type LineConfig,
} from '../../support/libraries.ts';
import type { PoolClass } from '../../support/pools.ts';
import { givenPostgres } from '../../support/postgres.ts';

interface Tables {
  account: { id: Generated<number>; email: string };
}

function open(Pool: PoolClass, config: LineConfig): AccountLine & { db: Kysely<Tables> } {
  const pool = new Pool(config);
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool, cursor: Cursor }) });
  return {
    pool,
    db,
    createTable: () =>
      db.schema
        .createTable('account')
        .addColumn('id', 'serial', (column) => column.primaryKey())
        .addColumn('email', 'text', (column) => column.notNull().unique())
        .execute(),
    insert: (email) => db.insertInto('account').values({ email }).execute(),
    rename: (from, to) => db.updateTable('account').set({ email: to }).where('email', '=', from).execute(),
    emails: async () => (await db.selectFrom('account').select('email').execute()).map(({ email }) => email),
    insertTogether: (emails, failure) =>
      db.transaction().execute(async (transaction) => {
        for (const email of emails) await transaction.insertInto('account').values({ email }).execute();
        if (failure) throw failure;
      }),
    close: () => db.destroy(),
  };
}

describeTables(givenPostgres(), 'Kysely', open, (line) => {
  test('streams rows, and gives the client back where the reader stops early', async () => {
    const { db, pool } = line();
    const emails = Array.from({ length: 50 }, (_, at) => ({ email: `${at}` }));
    await db.insertInto('account').values(emails).execute();
    const seen: string[] = [];
    for await (const { email } of db.selectFrom('account').select('email').orderBy('id').stream(10)) {
      seen.push(email);
      if (seen.length === 15) break;
    }
    expect(seen).toHaveLength(15);
    await expectAllReturned(pool);
    let all = 0;
    for await (const _row of db.selectFrom('account').select('email').stream(7)) all += 1;
    expect(all).toBe(50);
  });

  test('knows a client that it has seen before', async () => {
    const { pool } = line();
    const seen: unknown[] = [];
    const onCreateConnection = async (connection: unknown): Promise<void> => void seen.push(connection);
    const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool, onCreateConnection }) });
    for (let round = 1; round <= 5; round += 1) await db.selectFrom('account').selectAll().execute();
    expect(seen).toHaveLength(1);
  });

  test('ends the pool with destroy()', async () => {
    const { db, pool } = line();
    await db.destroy();
    expect(pool).toMatchObject({ ending: true, totalCount: 0 });
  });
});
