// What every library must be able to do over a pool that it is given, whichever of the two that is.
import type { PgPoolOptions } from 'openline/pg';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bothPools, type PoolClass } from './pools.ts';
import { type Database, until } from './postgres.ts';

/** The default `max` of both pools. */
const max = 10;
/** More callers than there are connections. */
const crowd = 25;

/** What a pool is made of here, and what a library needs that makes its pool itself. */
export interface LineConfig extends Address, Omit<PgPoolOptions, keyof Address> {}

interface Address {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly application_name: string;
}

/** A pool and the library that works over it. */
export interface Line {
  readonly pool: pg.Pool;
  /** The library's own shutdown, where it has one: it may end the pool, or leave that to its user. */
  close?(): unknown;
}

/** A library that reads and writes one table, `account`, with a unique `email`. */
export interface AccountLine extends Line {
  createTable(): Promise<unknown>;
  insert(email: string): Promise<unknown>;
  rename(from: string, to: string): Promise<unknown>;
  emails(): Promise<string[]>;
  /** Inserts all in one transaction of the library's, and throws `failure` in it at last if there is one. */
  insertTogether(emails: readonly string[], failure?: Error): Promise<unknown>;
  /** The server's error code, where the library wraps the driver's error. */
  codeOf?(error: unknown): unknown;
}

/** How a library is given a pool, as its documentation says, with the class changed. */
export type Open<L extends Line> = (Pool: PoolClass, config: LineConfig) => L | Promise<L>;

/** The connections are all idle: what was lent has come back, and nobody waits. */
export async function expectAllReturned(pool: pg.Pool): Promise<void> {
  await until(
    () => pool.idleCount === pool.totalCount && pool.waitingCount === 0,
    'every connection is idle again',
    10_000,
  );
  expect(pool.totalCount).toBeLessThanOrEqual(max);
}

/**
 * Runs the same tests over pg's pool and over Openline's, unless `pools` names fewer, each on an empty database and a new pool with default options.
 * After each of them every connection must have come back, and the shutdown must leave no session on the server.
 */
export function describeOverBothPools<L extends Line>(
  database: Database,
  library: string,
  open: Open<L>,
  tests: (line: () => L, application: string) => void,
  pools: typeof bothPools = bothPools,
): void {
  describe.each(pools)(`${library} over %s`, (poolName, Pool) => {
    const application = `${library} over ${poolName}`;
    let line: L;

    beforeEach(async () => {
      await database.ask('drop schema if exists public cascade; create schema public');
      line = await open(Pool, database.config({ application_name: application }) as LineConfig);
    });
    afterEach(async () => {
      await expectAllReturned(line.pool);
      await shutDown(line);
      await until(async () => (await database.sessions(application)) === 0, 'no session is left', 10_000);
    });

    tests(() => line, application);
  });
}

async function shutDown(line: Line): Promise<void> {
  await line.close?.();
  if (!line.pool.ending) await line.pool.end();
  expect(line.pool).toMatchObject({ ending: true, totalCount: 0 });
}

/** What every library that reads and writes tables must do; `more` adds what is the library's own. */
export function describeTables<L extends AccountLine>(
  database: Database,
  library: string,
  open: Open<L>,
  more: (line: () => L) => void = () => undefined,
): void {
  describeOverBothPools(database, library, open, (line, application) => {
    const crowdOf = (name: string): string[] => Array.from({ length: crowd }, (_, at) => `${name}-${at}`);

    beforeEach(() => line().createTable());

    test('inserts, updates and selects with parameters', async () => {
      await line().insert("o'hara@example.org");
      await line().insert('$1@example.org');
      await line().rename('$1@example.org', 'renamed@example.org');
      expect((await line().emails()).sort()).toEqual(["o'hara@example.org", 'renamed@example.org']);
    });

    test('keeps what a transaction wrote that ends well', async () => {
      await line().insertTogether(['a', 'b']);
      await expectAllReturned(line().pool);
      expect((await line().emails()).sort()).toEqual(['a', 'b']);
    });

    test('keeps nothing of a transaction that throws, and throws the same', async () => {
      const thrown = new Error('changed my mind');
      await expect(line().insertTogether(['a', 'b'], thrown)).rejects.toBe(thrown);
      await expectAllReturned(line().pool);
      expect(await line().emails()).toEqual([]);
    });

    test("tells the server's code of an error, in a transaction or outside of one", async () => {
      const codeOf = line().codeOf ?? ((error) => (error as { code?: unknown }).code);
      await line().insert('a');
      expect(
        codeOf(
          await line()
            .insert('a')
            .catch((error: unknown) => error),
        ),
      ).toBe('23505');
      expect(
        codeOf(
          await line()
            .insertTogether(['b', 'a'])
            .catch((error: unknown) => error),
        ),
      ).toBe('23505');
      await expectAllReturned(line().pool);
      expect(await line().emails()).toEqual(['a']);
    });

    test('serves more callers than there are connections', async () => {
      await Promise.all([
        ...crowdOf('alone').map((email) => line().insert(email)),
        ...crowdOf('together').map((email) => line().insertTogether([email, `${email}+`])),
      ]);
      await expectAllReturned(line().pool);
      expect(await line().emails()).toHaveLength(3 * crowd);
    });

    test('keeps statements out of the transactions beside them', async () => {
      const thrown = new Error('changed my mind');
      await Promise.all([
        ...crowdOf('gone').map((email) =>
          expect(line().insertTogether([email, `${email}+`], thrown)).rejects.toBe(thrown),
        ),
        // One after the other, so that some come while transactions are open.
        ...crowdOf('kept').map(async (email) => {
          for (const nth of [1, 2, 3]) await line().insert(`${email}-${nth}`);
        }),
      ]);
      await expectAllReturned(line().pool);
      const emails = await line().emails();
      expect(emails.filter((email) => !email.startsWith('kept'))).toEqual([]);
      expect(emails).toHaveLength(3 * crowd);
    });

    test('goes on when its idle sessions have died', async () => {
      const { pool } = line();
      pool.on('error', () => undefined);
      await Promise.all(crowdOf('before').map((email) => line().insert(email)));
      // One that is still being opened would be missed.
      await expectAllReturned(pool);
      expect(await database.terminate(application)).toBeGreaterThan(0);
      await until(() => pool.totalCount === 0, 'the pool has noticed');
      await Promise.all(crowdOf('after').map((email) => line().insert(email)));
      expect(await line().emails()).toHaveLength(2 * crowd);
    });

    more(line);
  });

  // With pg's pool the client's `error` event, which most libraries do not listen to, would end the process.
  const ours = bothPools.filter(([, Pool]) => Pool !== pg.Pool);
  describeOverBothPools(
    database,
    `${library}, its session killed,`,
    open,
    (line) => {
      test('loses the transaction alone, and serves the next', async () => {
        await line().createTable();
        await database.ask(`create function die() returns trigger language plpgsql as
          'begin if new.email = ''poison'' then perform pg_terminate_backend(pg_backend_pid()); end if; return new; end';
          create trigger die before insert on account for each row execute function die()`);
        await expect(line().insertTogether(['lost', 'poison', 'never'])).rejects.toThrow();
        await expect(line().insert('poison')).rejects.toThrow();
        await expectAllReturned(line().pool);
        await line().insertTogether(['a', 'b']);
        expect((await line().emails()).sort()).toEqual(['a', 'b']);
      });
    },
    ours,
  );
}
