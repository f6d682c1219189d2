// Under reset: 'session' nothing of a session reaches the next user, and a session that was only read and written in pays nothing.
import type { EventEmitter } from 'node:events';
import { createPool, type PgPoolOptions, type Pool } from 'openline/pg';
import type { PoolClient } from 'pg';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { ended } from '../support/pools.ts';
import { givenPostgres } from '../support/postgres.ts';

const connect = (options: PgPoolOptions = {}): Pool =>
  ended(createPool(database.config({ max: 1, reset: 'session', ...options } as const)));

const database = givenPostgres();

beforeAll(async () => {
  await database.ask('create role other_role');
  await database.ask('create table kept (n int primary key, s text)');
  await database.ask('create sequence counted');
});

/** What one user does, what the next one sees of it, and what it would see without a reset. */
const traces: [what: string, texts: string[], seen: string, without: unknown][] = [
  ['a role', ['set role other_role'], 'select current_user as seen', 'other_role'],
  [
    'a session authorization',
    ['set session authorization other_role'],
    'select session_user as seen',
    'other_role',
  ],
  [
    'a setting',
    ["set statement_timeout = '7s'"],
    "select current_setting('statement_timeout') as seen",
    '7s',
  ],
  [
    'a setting that a function made',
    ["select set_config('search_path', 'elsewhere', false)"],
    "select current_setting('search_path') as seen",
    'elsewhere',
  ],
  [
    'a setting committed in a transaction',
    ['begin', "set search_path = 'elsewhere'", 'commit'],
    "select current_setting('search_path') as seen",
    'elsewhere',
  ],
  [
    'a setting of a name of its own',
    ["set my.tenant = 'one'"],
    "select coalesce(current_setting('my.tenant', true), '') as seen",
    'one',
  ],
  [
    'a temporary table',
    ['create temp table left_over as select 1'],
    "select to_regclass('left_over') is not null as seen",
    true,
  ],
  [
    'a temporary table made by a select',
    ['select 1 as n into temp left_into'],
    "select to_regclass('left_into') is not null as seen",
    true,
  ],
  [
    'an advisory lock',
    ['select pg_advisory_lock(7)'],
    "select count(*)::int as seen from pg_locks where locktype = 'advisory'",
    1,
  ],
  [
    'an advisory lock taken in an insert',
    ['insert into kept select 7 from pg_advisory_lock(7) on conflict (n) do nothing'],
    "select count(*)::int as seen from pg_locks where locktype = 'advisory'",
    1,
  ],
  [
    'a prepared statement',
    ['prepare left_prepared as select 1'],
    'select count(*)::int as seen from pg_prepared_statements where from_sql',
    1,
  ],
  ['a channel', ['listen news'], 'select count(*)::int as seen from pg_listening_channels()', 1],
  [
    'a cursor WITH HOLD',
    ['begin', 'declare held cursor with hold for select 1', 'commit'],
    'select count(*)::int as seen from pg_cursors where is_holdable',
    1,
  ],
  [
    'several settings in one text',
    ["set role other_role; set search_path = ''"],
    'select current_user as seen',
    'other_role',
  ],
];

async function seen(pool: Pool, text: string): Promise<unknown> {
  return pool.use(async (client) => (await client.query(text)).rows[0].seen);
}

describe.each(traces)('%s', (_, texts, text, without) => {
  test('does not reach the next user', async () => {
    const pool = connect();
    const before = await seen(pool, text);
    expect(before).not.toEqual(without);
    await pool.use(async (client) => {
      for (const each of texts) await client.query(each);
      expect((await client.query(text)).rows[0].seen).toEqual(without);
    });
    expect(await seen(pool, text)).toEqual(before);
    expect(pool.stats().totals.opened).toBe(1);
  });

  test('left by pool.query does not reach the next user', async () => {
    const pool = connect();
    const before = await seen(pool, text);
    await pool.query(texts.join('; '));
    expect(await seen(pool, text)).toEqual(before);
    expect(pool.stats().totals.opened).toBe(1);
  });

  test('reaches the next user under the default', async () => {
    const pool = connect({ reset: undefined });
    await pool.use(async (client) => {
      for (const each of texts) await client.query(each);
    });
    expect(await seen(pool, text)).toEqual(without);
  });
});

describe('a sequence', () => {
  test('is not remembered for the next user', async () => {
    const pool = connect();
    await pool.use((client) => client.query("select nextval('counted')"));
    await expect(seen(pool, "select currval('counted') as seen")).rejects.toMatchObject({ code: '55000' });
  });
});

test('what a session got within a transaction that was left open is cleared after the rollback', async () => {
  const pool = connect();
  await pool.use(async (client) => {
    await client.query('select pg_advisory_lock(8)');
    await client.query('begin');
    await client.query('select nonsense').catch(() => undefined);
  });
  expect(await seen(pool, "select count(*)::int as seen from pg_locks where locktype = 'advisory'")).toBe(0);
});

describe('the price', () => {
  type Socket = { readonly bytesWritten: number };
  const socketOf = (client: PoolClient): Socket =>
    (client as unknown as { connection: { stream: Socket } }).connection.stream;

  /** The bytes that left after a loan, before the next one. */
  async function paidFor(
    work: (client: PoolClient) => unknown,
    options: PgPoolOptions = {},
  ): Promise<number> {
    const pool = connect(options);
    let before = 0;
    let socket: Socket | undefined;
    await pool.use(async (client) => {
      await work(client);
      socket = socketOf(client);
      before = socket.bytesWritten;
    });
    const client = await pool.connect();
    const paid = socket!.bytesWritten - before;
    expect(socketOf(client)).toBe(socket);
    client.release();
    return paid;
  }

  const harmless: [string, unknown[]?][] = [
    ['select 1'],
    ['select $1::int as n', [1]],
    ["insert into kept (n, s) values (1, 'one') on conflict (n) do update set s = excluded.s returning (n)"],
    ['insert into public.kept (n) values ($1) on conflict do nothing', [2]],
    ['update kept set s = upper(s) where n in (1, 2)'],
    ['delete from kept where n = $1', [1]],
    ['select n from kept for update'],
    ['show search_path'],
  ];

  test.each(harmless)('of %s is nothing', async (text, values) => {
    expect(await paidFor((client) => client.query(text, values))).toBe(0);
  });

  test('of a transaction is nothing', async () => {
    const texts = [
      'begin isolation level serializable',
      'savepoint a',
      'insert into kept values (3)',
      'rollback to savepoint a',
      'release a',
      'commit;',
    ];
    const paid = await paidFor(async (client) => {
      for (const text of texts) await client.query(text);
    });
    expect(paid).toBe(0);
  });

  test('of a named read is nothing', async () => {
    expect(
      await paidFor((client) => client.query({ name: 'read', text: 'select $1::int', values: [1] })),
    ).toBe(0);
  });

  test('of a setting is one statement, and only once', async () => {
    const message = 'QLLLLDISCARD ALL0'.length;
    expect(await paidFor((client) => client.query('set search_path = elsewhere'))).toBe(message);
    const pool = connect();
    await pool.query('set search_path = elsewhere');
    const client = await pool.connect();
    const before = socketOf(client).bytesWritten;
    client.release();
    (await pool.connect()).release();
    expect(socketOf(client).bytesWritten).toBe(before);
  });

  test('of a setting is nothing under the default', async () => {
    expect(await paidFor((client) => client.query('set search_path = elsewhere'), { reset: undefined })).toBe(
      0,
    );
  });
});

describe('settings of the connection itself', () => {
  const setting = (name: string): string => `select current_setting('${name}') as seen`;

  test.each([
    [{ application_name: 'its-own' }, 'application_name', 'its-own'],
    [{ statement_timeout: 9_000 }, 'statement_timeout', '9s'],
    [{ options: '-c search_path=configured' }, 'search_path', 'configured'],
  ])('%o stay', async (options, name, value) => {
    const pool = connect(options);
    await pool.use((client) => client.query(`select set_config('${name}', $1, false)`, ['3000']));
    expect(await seen(pool, setting(name))).toBe(value);
  });

  test('made by onConnect are made again, and are no trace themselves', async () => {
    let runs = 0;
    const pool = connect({
      async onConnect(client) {
        runs += 1;
        await client.query("set search_path = 'hooked'");
      },
    });
    for (let n = 1; n <= 3; n += 1) await pool.use((client) => client.query('select 1'));
    expect(runs).toBe(1);
    await pool.use((client) => client.query("set search_path = 'elsewhere'"));
    expect(await seen(pool, setting('search_path'))).toBe('hooked');
    await pool.query('select 1');
    expect(runs).toBe(2);
  });

  test('listeners that onConnect adds again do not pile up', async () => {
    const heard: string[] = [];
    const pool = connect({
      async onConnect(client) {
        client.on('notification', ({ payload }) => void heard.push(payload!));
        await client.query('listen news');
      },
    });
    for (let n = 1; n <= 3; n += 1) await pool.query("set search_path = 'elsewhere'");
    await pool.query("notify news, 'once'");
    expect(heard).toEqual(['once']);
  });

  test('an onConnect that fails closes the connection', async () => {
    let runs = 0;
    const pool = connect({
      onConnect: () => {
        runs += 1;
        if (runs === 2) throw new Error('not again');
      },
    });
    await pool.query("set search_path = 'elsewhere'");
    expect(await seen(pool, setting('search_path'))).not.toBe('elsewhere');
    expect(pool.stats().totals.closed).toEqual({ 'reset-failed': 1 });
  });
});

describe('prepared statements', () => {
  test("of a user's own are prepared again after a reset", async () => {
    const pool = connect();
    const ask = (client: PoolClient): Promise<unknown> =>
      client.query({ name: 'mine', text: 'select $1::int as n', values: [1] });
    await pool.use(async (client) => {
      await ask(client);
      await client.query('set search_path = elsewhere');
    });
    await expect(pool.use(ask)).resolves.toMatchObject({ rows: [{ n: 1 }] });
  });

  test('may have another text under the same name after a reset', async () => {
    const pool = connect();
    await pool.use(async (client) => {
      await client.query({ name: 'mine', text: 'select 1 as n' });
      await client.query('set search_path = elsewhere');
    });
    const { rows } = await pool.use((client) => client.query({ name: 'mine', text: 'select 2 as n' }));
    expect(rows).toEqual([{ n: 2 }]);
  });

  test('of pool.query are prepared again, without a failure in between', async () => {
    const pool = connect();
    const failed = vi.fn();
    pool.on('connect', (client) => {
      (client as unknown as { connection: EventEmitter }).connection.on('errorMessage', failed);
    });
    const ask = (n: number): Promise<{ rows: unknown[] }> => pool.query('select $1::int as n', [n]);
    const names = 'select count(*)::int as seen from pg_prepared_statements';
    for (const n of [1, 2, 3]) await ask(n);
    expect(await seen(pool, names)).toBe(1);
    await pool.query('set search_path = elsewhere');
    expect(await seen(pool, names)).toBe(0);
    for (const n of [4, 5, 6]) expect((await ask(n)).rows).toEqual([{ n }]);
    expect(await seen(pool, names)).toBe(1);
    expect(failed).not.toHaveBeenCalled();
  });

  test('that onConnect prepared are a trace where what they run leaves one', async () => {
    const tenant = { name: 'tenant', text: "select set_config('my.tenant', $1, false)" };
    const pool = connect({
      onConnect: async (client) => void (await client.query({ ...tenant, values: [''] })),
    });
    await pool.use((client) => client.query({ ...tenant, values: ['one'] }));
    expect(await seen(pool, "select current_setting('my.tenant') as seen")).toBe('');
  });
});
