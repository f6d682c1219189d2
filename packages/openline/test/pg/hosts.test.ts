// Several servers: the one that is wanted is found, also after it has moved.
import dns from 'node:dns';
import { Pool } from 'openline/pg';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { deadAddress } from '../support/dead-address.ts';
import { ended } from '../support/pools.ts';
import { type Database, givenPostgres, until } from '../support/postgres.ts';

const [one, two] = [givenPostgres(), givenPostgres()];
const user = 'of_both';
const password = 'of-both';

beforeAll(async () => {
  for (const database of [one, two])
    await database.ask(`create role ${user} superuser login password '${password}'`);
});

const addressOf = ({ server }: Database) => ({ host: server.host, port: server.port });

/** What a standby is to its clients: sessions that cannot write, as they are told when they begin. */
async function setReadOnly(database: Database, readOnly: boolean): Promise<void> {
  await database.ask(`alter system set default_transaction_read_only = ${readOnly ? 'on' : 'off'}`);
  await database.ask('select pg_reload_conf()');
  await until(
    async () =>
      (await database.ask('show default_transaction_read_only'))[0]?.['default_transaction_read_only'] ===
      (readOnly ? 'on' : 'off'),
    'it is so',
  );
}

const portOf = async (pool: Pool): Promise<unknown> =>
  (await pool.query('select inet_server_port() as port')).rows[0].port;

function poolOver(hosts: readonly unknown[], options: object = {}): Pool {
  const { database } = one.server;
  const pool = ended(new Pool({ database, user, password, hosts: hosts as never, ...options }));
  pool.on('error', () => undefined);
  return pool;
}

describe('of several servers', () => {
  test('the primary serves, wherever it stands in the list', async () => {
    await setReadOnly(two, true);
    onTestFinished(() => setReadOnly(two, false));
    const text = `${two.server.host}:${two.server.port}`;
    expect(await portOf(poolOver([text, addressOf(one)]))).toBe(one.server.port);
    expect(await portOf(poolOver([addressOf(one), text]))).toBe(one.server.port);
  });

  test('a standby serves where it is preferred, and the primary where there is none', async () => {
    await setReadOnly(two, true);
    const target = 'prefer-standby';
    expect(await portOf(poolOver([addressOf(one), addressOf(two)], { target }))).toBe(two.server.port);
    await setReadOnly(two, false);
    expect(await portOf(poolOver([addressOf(one), addressOf(two)], { target }))).toBe(one.server.port);
  });

  test('one that does not answer leaves the others their time', async () => {
    await using dead = await deadAddress();
    const pool = poolOver([dead, addressOf(one)], { connectTimeoutMs: 1_500 });
    expect(await portOf(pool)).toBe(one.server.port);
  });

  test('none that will do: each is named with its reason, and no password', async () => {
    await setReadOnly(two, true);
    onTestFinished(() => setReadOnly(two, false));
    const pool = poolOver([{ host: '127.0.0.1', port: 1 }, addressOf(two)], { acquireTimeoutMs: 400 });
    const error = await pool.query('select 1').then(
      () => new Error('it was answered'),
      (thrown: Error) => thrown,
    );
    expect(error.message).toMatch(
      new RegExp(`127.0.0.1:1: .*ECONNREFUSED.*${two.server.port}: the server is read-only`),
    );
    expect(error.message).not.toContain('of-both');
  });

  test('one that has become read-only is left when a statement says so', async () => {
    await one.ask('create table if not exists moved (n int)');
    await two.ask('create table if not exists moved (n int)');
    const pool = poolOver([addressOf(one), addressOf(two)]);
    expect(await portOf(pool)).toBe(one.server.port);
    await setReadOnly(one, true);
    onTestFinished(() => setReadOnly(one, false));
    await until(
      () =>
        pool.query('insert into moved values (1)').then(
          () => true,
          (error) => {
            expect(error).toMatchObject({ code: '25006' });
            return false;
          },
        ),
      'it is written elsewhere',
    );
    expect(await portOf(pool)).toBe(two.server.port);
  });
});

describe('wrong options', () => {
  test.each([
    [{ hosts: [] }, /hosts is no list of servers/],
    [{ hosts: ['a:b:c', { port: 1 }] }, /hosts\[0\] is no address.*hosts\[1\] is no address/],
    [{ hosts: ['a'], host: 'b' }, /host is given beside hosts/],
    [{ hosts: ['a'], target: 'master' }, /target is master: give one of primary/],
    [{ target: 'primary' }, /hosts is no list/],
  ])('%j are refused', (options, message) => {
    expect(() => new Pool(options as never)).toThrow(message);
  });
});

describe('a name with several addresses', () => {
  test('is tried at each of them', async () => {
    const lookup = vi.spyOn(dns, 'lookup').mockImplementation(((
      _host: string,
      _options: unknown,
      done: (error: null, addresses: object[]) => void,
    ) => {
      done(null, [
        { address: '127.0.0.9', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ]);
    }) as never);
    onTestFinished(() => lookup.mockRestore());
    const pool = ended(new Pool({ ...one.config(), host: 'db.example' }));
    expect(await portOf(pool)).toBe(one.server.port);
    expect(lookup).toHaveBeenCalled();
  });
});

describe('a password from a function', () => {
  test('is asked for at each open', async () => {
    const asked = vi.fn(async () => password);
    const pool = ended(new Pool({ ...one.config(), user, password: asked, max: 3 }));
    await pool.warm(3);
    expect(asked).toHaveBeenCalledTimes(3);
  });

  test('that fails gives its own error; one that never comes is waited for no longer than connectTimeoutMs', async () => {
    const failing = ended(
      new Pool({
        ...one.config(),
        password: () => Promise.reject(new Error('no token today')),
        acquireTimeoutMs: 300,
      }),
    );
    await expect(failing.query('select 1')).rejects.toThrow('no token today');
    const never = ended(
      new Pool({
        ...one.config(),
        password: () => new Promise<string>(() => undefined),
        connectTimeoutMs: 200,
        acquireTimeoutMs: 700,
      }),
    );
    await expect(never.query('select 1')).rejects.toThrow(/no answer within|no connection within/);
  });
});
