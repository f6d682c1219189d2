// pg-promise: it makes its pool itself, of the class that it finds as `pgp.pg.Pool`.
import type pg from 'pg';
import pgPromise, { type IDatabase } from 'pg-promise';
import QueryStream from 'pg-query-stream';
import { afterEach, expect, test, vi } from 'vitest';
import {
  type AccountLine,
  describeTables,
  expectAllReturned,
  type LineConfig,
} from '../../support/libraries.ts';
import type { PoolClass } from '../../support/pools.ts';
import { givenPostgres } from '../../support/postgres.ts';

const pgp = pgPromise({ noWarnings: true });
const { Pool: itsOwn } = pgp.pg as unknown as { Pool: PoolClass };

function open(Pool: PoolClass, config: LineConfig): AccountLine & { db: IDatabase<object> } {
  Object.assign(pgp.pg, { Pool });
  const { host, port, user, password, database, application_name } = config;
  const db = pgp({ host, port, user, password, database, application_name });
  const pool = db.$pool as unknown as pg.Pool;
  expect(pool).toBeInstanceOf(Pool);
  return {
    pool,
    db,
    createTable: () => db.none('create table account (id serial primary key, email text not null unique)'),
    insert: (email) => db.none('insert into account (email) values ($<email>)', { email }),
    rename: (from, to) => db.result('update account set email = $2 where email = $1', [from, to]),
    emails: () => db.map('select email from account', [], ({ email }) => email),
    insertTogether: (emails, failure) =>
      db.tx(async (transaction) => {
        for (const email of emails) await transaction.none('insert into account (email) values ($1)', email);
        if (failure) throw failure;
      }),
  };
}

afterEach(() => void Object.assign(pgp.pg, { Pool: itsOwn }));

describeTables(givenPostgres(), 'pg-promise', open, (line) => {
  test('streams rows to the end', async () => {
    const { db, pool } = line();
    await db.none("insert into account (email) select 'e' || n from generate_series(1, 500) n");
    const query = new QueryStream('select email from account', [], { batchSize: 50 });
    const { processed } = await db.stream(query, (stream) => void stream.resume());
    expect(processed).toBe(500);
    await expectAllReturned(pool);
  });

  test('gives a task one client, and returns it when the task throws', async () => {
    const { db, pool } = line();
    const thrown = new Error('changed my mind');
    const task = db.task(async (work) => {
      await work.none('create temp table mine (n int)');
      expect(pool.totalCount - pool.idleCount).toBe(1);
      expect(await work.any('select n from mine')).toEqual([]);
      throw thrown;
    });
    await expect(task).rejects.toBe(thrown);
    await expectAllReturned(pool);
  });

  test('listens on a connection that it keeps', async () => {
    const { db, pool } = line();
    const heard = vi.fn();
    const kept = await db.connect();
    kept.client.on('notification', ({ payload }) => heard(payload));
    await kept.none('listen news');
    await db.none("notify news, 'hello'");
    await vi.waitFor(() => expect(heard).toHaveBeenCalledWith('hello'));
    await kept.none('unlisten news');
    await kept.done();
    await expectAllReturned(pool);
  });

  test('ends the pool with $pool.end()', async () => {
    const { db, pool } = line();
    await db.$pool.end();
    expect(pool).toMatchObject({ ending: true, totalCount: 0 });
  });
});
