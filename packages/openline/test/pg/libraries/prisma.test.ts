// Prisma: its adapter looks whether it was given a pool or options for one; transactions keep a client each.
import { PrismaPg } from '@prisma/adapter-pg';
import { expect, test } from 'vitest';
import {
  type AccountLine,
  describeTables,
  expectAllReturned,
  type LineConfig,
} from '../../support/libraries.ts';
import type { PoolClass } from '../../support/pools.ts';
import { givenPostgres, until } from '../../support/postgres.ts';
import { type Prisma, PrismaClient } from '../../support/prisma-client.ts';

const database = givenPostgres();

function open(Pool: PoolClass, config: LineConfig): AccountLine & { prisma: Prisma } {
  const pool = new Pool(config);
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });
  return {
    pool,
    prisma,
    createTable: () =>
      prisma.$executeRawUnsafe('create table account (id serial primary key, email text not null unique)'),
    insert: (email) => prisma.account.create({ data: { email } }),
    rename: (from, to) => prisma.account.update({ where: { email: from }, data: { email: to } }),
    emails: async () => (await prisma.account.findMany()).map(({ email }) => email),
    insertTogether: (emails, failure) =>
      prisma.$transaction(
        async (transaction) => {
          for (const email of emails) await transaction.account.create({ data: { email } });
          if (failure) throw failure;
        },
        // More callers than connections: some wait, on a busy machine for longer than Prisma's 2 s.
        { maxWait: 30_000, timeout: 30_000 },
      ),
    codeOf: (error) =>
      (error as { meta?: { driverAdapterError?: { cause?: { originalCode?: unknown } } } }).meta
        ?.driverAdapterError?.cause?.originalCode,
    close: () => prisma.$disconnect(),
  };
}

describeTables(database, 'Prisma', open, (line) => {
  test('uses the pool that it was given', async () => {
    const { prisma, pool } = line();
    await prisma.$queryRawUnsafe('select 1');
    expect(pool.totalCount).toBe(1);
    const adapter = await new PrismaPg(pool).connect();
    expect(adapter.underlyingDriver()).toBe(pool);
    await adapter.dispose();
  });

  test("tells the server's own code and message of a raw statement that fails", async () => {
    const { prisma } = line();
    await line().insert('a');
    await expect(
      prisma.$executeRawUnsafe('insert into account (email) values ($1)', 'a'),
    ).rejects.toMatchObject({ code: 'P2010', message: expect.stringContaining('23505') });
  });

  test('runs a list of statements in one transaction', async () => {
    const { prisma, pool } = line();
    const create = (email: string): Promise<unknown> => prisma.account.create({ data: { email } });
    await prisma.$transaction([create('a'), create('b')]);
    await expect(prisma.$transaction([create('c'), create('a')])).rejects.toMatchObject({ code: 'P2002' });
    await expectAllReturned(pool);
    expect((await line().emails()).sort()).toEqual(['a', 'b']);
  });

  test('returns the client of a transaction that has lasted too long, rolled back', async () => {
    const { prisma, pool } = line();
    const late = prisma.$transaction(
      async (transaction) => {
        await transaction.account.create({ data: { email: 'late' } });
        await until(() => pool.idleCount === pool.totalCount, 'the transaction was ended');
        await transaction.account.create({ data: { email: 'too late' } });
      },
      { timeout: 200 },
    );
    await expect(late).rejects.toMatchObject({ code: 'P2028' });
    await expectAllReturned(pool);
    expect(await line().emails()).toEqual([]);
  });

  test('leaves the pool to its user when it disconnects', async () => {
    const { prisma, pool } = line();
    await prisma.$queryRawUnsafe('select 1');
    await prisma.$disconnect();
    expect(pool.ending).toBe(false);
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });
});
