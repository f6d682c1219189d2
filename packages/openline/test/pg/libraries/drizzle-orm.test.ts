// Drizzle: its node-postgres driver, which looks at the pool's class before it begins a transaction.
import { eq } from 'drizzle-orm';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import { pgTable, serial, text } from 'drizzle-orm/pg-core';
import { expect, test } from 'vitest';
import {
  type AccountLine,
  describeTables,
  expectAllReturned,
  type LineConfig,
} from '../../support/libraries.ts';
import type { PoolClass } from '../../support/pools.ts';
import { givenPostgres } from '../../support/postgres.ts';

const account = pgTable('account', { id: serial().primaryKey(), email: text().notNull().unique() });

function open(Pool: PoolClass, config: LineConfig): AccountLine & { db: NodePgDatabase } {
  const pool = new Pool(config);
  const db = drizzle({ client: pool });
  return {
    pool,
    db,
    createTable: () => db.execute('create table account (id serial primary key, email text not null unique)'),
    insert: (email) => db.insert(account).values({ email }),
    rename: (from, to) => db.update(account).set({ email: to }).where(eq(account.email, from)),
    emails: async () => (await db.select().from(account)).map(({ email }) => email),
    insertTogether: (emails, failure) =>
      db.transaction(async (transaction) => {
        for (const email of emails) await transaction.insert(account).values({ email });
        if (failure) throw failure;
      }),
    codeOf: (error) => (error as { cause?: { code?: unknown } }).cause?.code,
  };
}

describeTables(givenPostgres(), 'Drizzle', open, (line) => {
  test('keeps what came before a savepoint that it rolls back', async () => {
    const { db, pool } = line();
    await db.transaction(async (outer) => {
      await outer.insert(account).values({ email: 'outer' });
      const inner = outer.transaction(async (nested) => {
        await nested.insert(account).values({ email: 'inner' });
        nested.rollback();
      });
      await expect(inner).rejects.toThrow();
    });
    await expectAllReturned(pool);
    expect(await line().emails()).toEqual(['outer']);
  });

  test('asks again with a prepared statement', async () => {
    const { db } = line();
    const prepared = db.select().from(account).where(eq(account.email, 'a')).prepare('by_email');
    await line().insert('a');
    const found = await Promise.all(Array.from({ length: 25 }, () => prepared.execute()));
    expect(found.map((rows) => rows.length)).toEqual(new Array(25).fill(1));
  });
});
