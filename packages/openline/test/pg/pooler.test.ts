// A pool behind PgBouncer, where a connection is no session of the server: nothing that is prepared may be missed or mistaken there.
import { AcquireTimeoutError } from 'openline';
import { Pool } from 'openline/pg';
import pg from 'pg';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { DriverClient } from '../../src/pg/driver.ts';
import { sessionState } from '../../src/pg/session-state.ts';
import { givenPgBouncer, lacksPgBouncer } from '../support/pgbouncer.ts';
import { ended } from '../support/pools.ts';
import { givenPostgres, until } from '../support/postgres.ts';

const database = givenPostgres();
const limitMs = 60_000;

const ownNames = "select name from pg_prepared_statements where name like 'openline%'";

async function repeat(pool: Pool): Promise<void> {
  for (let n = 0; n < 4; n++) await pool.query('select $1::int as n', [n]);
}

/** A read and a write with a token of its own, thousands of times at once: whoever is answered with another's token shows. */
async function load(pool: Pool, texts: number): Promise<void> {
  const calls = Array.from({ length: 3_000 }, async (_, call) => {
    const token = `${call}-${Math.random()}`;
    const text = `select $1::text as token, ${call % texts} as n`;
    expect((await pool.query(text, [token])).rows).toEqual([{ token, n: call % texts }]);
    const write = 'insert into tokens (token) values ($1) returning token';
    if (call % 3 === 0) expect((await pool.query(write, [token])).rows).toEqual([{ token }]);
  });
  await Promise.all(calls);
}

beforeAll(() => database.ask('create table tokens (token text)'));

describe('connected to the server itself', () => {
  test('a pool uses names of its own', async () => {
    const pool = ended(new Pool(database.config({ max: 1 })));
    await repeat(pool);
    expect((await pool.query(ownNames)).rows).toHaveLength(1);
  });

  test('it asks once, and not on each connection', async () => {
    const pool = ended(new Pool(database.config({ max: 1, maxUses: 2 })));
    await repeat(pool);
    const asked: unknown[] = [];
    pool.on('connect', (client) => {
      const { query } = client;
      client.query = ((...args: unknown[]) => {
        asked.push((args[0] as { text?: string }).text);
        return query.apply(client, args as never);
      }) as typeof query;
    });
    await repeat(pool);
    expect(asked.length).toBeGreaterThan(3);
    expect(asked.filter((text) => String(text).includes('pg_backend_pid'))).toEqual([]);
  });

  test('it uses none where the user says so', async () => {
    const pool = ended(new Pool(database.config({ max: 1, preparedNames: false })));
    await repeat(pool);
    expect((await pool.query(ownNames)).rows).toEqual([]);
  });

  test('it refuses what is no answer to whether it may', () => {
    const wrong = { preparedNames: 'yes' as unknown as boolean };
    expect(() => new Pool(wrong)).toThrow(/preparedNames is yes: give true, false/);
  });

  test('a name that the session has from elsewhere is none of the caller’s concern', async () => {
    const pool = ended(new Pool(database.config({ max: 1 })));
    await repeat(pool);
    const [{ name }] = (await pool.query(ownNames)).rows as [{ name: string }];
    const [, prefix, number] = /^(.*_)(\d+)$/.exec(name)!;
    await pool.use(async (client) => {
      for (let more = 1; more < 10; more++)
        await client.query(`prepare ${prefix}${Number(number) + more} as select 'wrong'`);
    });
    for (let n = 0; n < 4; n++) {
      expect((await pool.query('select $1::int as taken', [n])).rows).toEqual([{ taken: n }]);
    }
  });
});

test("a user's own name that is taken is refused as by pg", async () => {
  for (const pool of [new pg.Pool(database.config({ max: 1 })), new Pool(database.config({ max: 1 }))]) {
    ended(pool);
    await pool.query("prepare mine as select 'wrong'");
    const asked = pool.query({ name: 'mine', text: 'select $1::int as n', values: [1] });
    await expect(asked).rejects.toMatchObject({ code: '42P05' });
  }
});

describe.skipIf(lacksPgBouncer)(`through PgBouncer${lacksPgBouncer ? ` (${lacksPgBouncer})` : ''}`, () => {
  describe.each(['transaction', 'session'] as const)('in %s mode', (poolMode) => {
    const bouncer = givenPgBouncer(database, { poolMode, poolSize: poolMode === 'session' ? 5 : 2 });

    test('thousands of statements at once are answered, each with its own', async () => {
      await load(bouncer.pool({ max: 5 }), 7);
    });

    test('two pools on the same server connections do not meet each other’s names', async () => {
      const max = poolMode === 'session' ? 2 : 5;
      await Promise.all([load(bouncer.pool({ max }), 3), load(bouncer.pool({ max, pipeline: 'all' }), 5)]);
    });

    test('no names are used, unless the user says so', async () => {
      const pool = bouncer.pool({ max: 1 });
      await repeat(pool);
      expect((await pool.query(ownNames)).rows).toEqual([]);
      const sure = bouncer.pool({ max: 1, preparedNames: true });
      await repeat(sure);
      expect((await sure.query(ownNames)).rows).toHaveLength(1);
      await sure.query('deallocate all');
    });

    test('names that are used all the same, and missed or met there, fail nobody', async () => {
      const max = poolMode === 'session' ? 2 : 5;
      const pools = [1, 2].map(() => bouncer.pool({ max, preparedNames: true }));
      await Promise.all(pools.map((pool) => load(pool, 3)));
    });

    test('transactions hold together', async () => {
      const pool = bouncer.pool({ max: poolMode === 'session' ? 2 : 5 });
      const pids = await Promise.all(
        Array.from({ length: 50 }, (_, n) =>
          pool.transaction(async (client) => {
            const pid = 'select pg_backend_pid() as pid, $1::int as n';
            const first = (await client.query(pid, [n])).rows[0];
            const second = (await client.query(pid, [n])).rows[0];
            expect(second).toEqual(first);
            return first.pid;
          }),
        ),
      );
      expect(pids).toHaveLength(50);
    });

    test('a signal cancels the statement on the server', async () => {
      const pool = bouncer.pool({ max: 1 });
      const text = `select pg_sleep(60), '${poolMode}'`;
      const running = async (): Promise<number> =>
        (await database.ask(`select from pg_stat_activity where state = 'active' and query = $1`, [text]))
          .length;
      const controller = new AbortController();
      const asked = pool.query({ text, signal: controller.signal });
      await until(async () => (await running()) === 1, 'it runs');
      controller.abort(new Error('nobody waits'));
      await expect(asked).rejects.toThrow('nobody waits');
      await until(async () => (await running()) === 0, 'it is cancelled');
      expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    });

    test('the state of a session is unknown', async () => {
      const [client, asker] = [0, 1].map(() => new pg.Client(bouncer.config()) as pg.Client & DriverClient);
      for (const each of [client!, asker!]) {
        await each.connect();
        onTestFinished(() => each.end());
      }
      const state = await sessionState(client!, { asker: asker!, ageMs: 0, limitMs });
      expect(state).toBe('unknown');
    });

    test('a slow statement goes on beyond readTimeoutMs', async () => {
      const pool = bouncer.pool({ max: 2, readTimeoutMs: 100 });
      const { rows } = await pool.query("select 'there' as word from pg_sleep(1)");
      expect(rows).toEqual([{ word: 'there' }]);
    });
  });

  describe('that has come between later', () => {
    const bouncer = givenPgBouncer(database, { poolMode: 'transaction', poolSize: 1 });

    test('is noticed at the first name that is missed', async () => {
      const pool = ended(new Pool(database.config({ max: 1 })));
      await repeat(pool);
      pool.options.port = bouncer.config().port;
      await pool.refresh({ immediate: true });
      await repeat(pool);
      expect((await pool.query(ownNames)).rows).toHaveLength(1);
      await pool.query('deallocate all');
      for (let round = 0; round < 2; round++) await repeat(pool);
      expect((await pool.query(ownNames)).rows).toEqual([]);
    });
  });

  describe('with its fill of clients', () => {
    const bouncer = givenPgBouncer(database, { poolMode: 'transaction', maxClients: 2 });

    test('a further pool is told so', async () => {
      for (let n = 0; n < 2; n++) {
        const client = new pg.Client(bouncer.config());
        await client.connect();
        onTestFinished(() => client.end());
      }
      const late = bouncer.pool({ acquireTimeoutMs: 1_000 });
      const error = await late.query('select 1').catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(AcquireTimeoutError);
      expect(String(error)).toMatch(/no more connections allowed/);
      expect((error as Error).cause).toMatchObject({ kind: 'connect', code: '08P01', phase: 'startup' });
    });

    test('a pool that has connections goes on with fewer', async () => {
      await load(bouncer.pool({ max: 5 }), 3);
    });
  });
});
