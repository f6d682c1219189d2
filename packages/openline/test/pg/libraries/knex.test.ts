// Knex: the pool is given to it as its `connectionPool`.
import knexOf, { type Knex } from 'knex';
import { expect, test } from 'vitest';
import {
  type AccountLine,
  describeTables,
  expectAllReturned,
  type LineConfig,
} from '../../support/libraries.ts';
import type { PoolClass } from '../../support/pools.ts';
import { givenPostgres, until } from '../../support/postgres.ts';

function open(Pool: PoolClass, config: LineConfig): AccountLine & { knex: Knex } {
  const pool = new Pool(config);
  const knex = knexOf({ client: 'pg', connectionPool: pool });
  return {
    pool,
    knex,
    createTable: () =>
      knex.schema.createTable('account', (table) => {
        table.increments('id');
        table.text('email').notNullable().unique();
      }),
    insert: (email) => knex('account').insert({ email }),
    rename: (from, to) => knex('account').where({ email: from }).update({ email: to }),
    emails: () => knex('account').pluck('email'),
    insertTogether: (emails, failure) =>
      knex.transaction(async (transaction) => {
        for (const email of emails) await transaction('account').insert({ email });
        if (failure) throw failure;
      }),
    close: () => knex.destroy(),
  };
}

describeTables(givenPostgres(), 'Knex', open, (line) => {
  test('streams rows, and gives the client back where the reader stops early', async () => {
    const { knex, pool } = line();
    await knex('account').insert(Array.from({ length: 500 }, (_, at) => ({ email: `e${at}` })));
    const seen: string[] = [];
    for await (const { email } of knex('account')
      .select('email')
      .orderBy('id')
      .stream({ highWaterMark: 5 })) {
      seen.push(email);
      if (seen.length === 3) break;
    }
    expect(seen).toEqual(['e0', 'e1', 'e2']);
    await expectAllReturned(pool);
    expect(await line().emails()).toHaveLength(500);
  });

  test('closes the client of a statement that it has given up', async () => {
    const { knex, pool } = line();
    const slow = knex.raw('select pg_sleep(1)').timeout(100);
    await expect(slow).rejects.toMatchObject({ name: 'KnexTimeoutError' });
    await until(() => pool.totalCount === 0, 'the client is closed');
    expect((await knex.raw('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });

  test('leaves the pool to its user with destroy()', async () => {
    const { knex, pool } = line();
    await knex.destroy();
    expect(pool.ending).toBe(false);
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });
});
