// A pool that was given no name is called by where it leads, and never like another one.
import { createPool, type PgPoolOptions, Pool } from 'openline/pg';
import { expect, test, vi } from 'vitest';
import { collectedUntil } from '../core/collection.ts';
import { ended } from '../support/pools.ts';

/** Nothing is connected to: a pool without `min` waits for its first use. */
const nameOf = (options: PgPoolOptions): string => ended(new Pool(options)).stats().name;

test.each([
  [
    'host, port and database',
    { host: 'db.example', port: 6432, database: 'orders' },
    'db.example:6432/orders',
  ],
  ['pg’s own defaults', { host: 'db.example', user: 'me' }, 'db.example:5432/me'],
  [
    'a connection string, whose user and password it does not tell',
    { connectionString: 'postgres://me:hush@db.example:6433/stock?application_name=x' },
    'db.example:6433/stock',
  ],
  ['an IPv6 address', { host: '::1', port: 6434, database: 'six' }, '[::1]:6434/six'],
  ['a socket’s directory', { host: '/run/pg', port: 6435, database: 'local' }, '/run/pg:6435/local'],
  [
    'several hosts',
    { hosts: ['a.example', { host: 'b.example', port: 6437 }], port: 6436, database: 'many' },
    'a.example:6436,b.example:6437/many',
  ],
  ['a name, where one is given', { name: 'mine', host: 'db.example', database: 'named' }, 'mine'],
])('it is called by %s', (_, options, name) => {
  expect(nameOf(options)).toBe(name);
});

test.each<[string, PgPoolOptions]>([
  [
    'a connection string as libpq has it',
    { connectionString: 'host=db user=app password=hush dbname=orders' },
  ],
  ['one with semicolons', { connectionString: 'Host=db;Username=app;Password=hush;Database=orders' }],
  ['one without a scheme', { connectionString: 'app:hush@db.example/orders' }],
  ['one that begins with slashes', { connectionString: '//app:hush@db.example/orders' }],
  ['a slash in the password', { connectionString: 'postgres://app:12/hush@db.example/orders' }],
  ['a question mark in the password', { connectionString: 'postgres://app:12?hush@db.example/orders' }],
  ['a hash in the password', { connectionString: 'postgres://app:12#hush@db.example/orders' }],
  ['a slash after an @ in it', { connectionString: 'postgres://app:hu@12/sh@db.example/orders' }],
  ['a connection string as the database', { database: 'postgres://app:hush@db.example/orders' }],
  ['a connection string as the host', { host: 'postgres://app:hush@db.example/orders', database: 'orders' }],
  ['one among the hosts', { hosts: [{ host: 'postgres://app:hush@db.example' }], database: 'orders' }],
])('it tells no part of a connection string that was read wrongly: %s', (_, options) => {
  expect(nameOf(options)).toBe('pg');
});

test('it is called by what the environment says', () => {
  vi.stubEnv('PGHOST', 'env.example');
  vi.stubEnv('PGPORT', '7001');
  vi.stubEnv('PGDATABASE', 'from-env');
  try {
    expect(nameOf({})).toBe('env.example:7001/from-env');
  } finally {
    vi.unstubAllEnvs();
  }
});

test('a second pool to the same database has a name of its own, which is free again when it has ended', async () => {
  const options = { host: 'db.example', database: 'twice' };
  const [first, second] = [ended(new Pool(options)), new Pool(options)];
  expect([first, second].map((pool) => pool.stats().name)).toEqual([
    'db.example:5432/twice',
    'db.example:5432/twice #2',
  ]);
  await second.end();
  expect(nameOf(options)).toBe('db.example:5432/twice #2');
});

test('the name is free again when the end was refused', async () => {
  const options = { host: 'db.example', database: 'refused' };
  const pool = new Pool(options);
  expect(pool.stats().name).toBe('db.example:5432/refused');
  await expect(pool.end({ timeoutMs: -1 })).rejects.toThrow();
  expect(nameOf(options)).toBe('db.example:5432/refused');
});

test('the name is free again when the pool was dropped without an end', async () => {
  const options = { host: 'db.example', database: 'dropped' };
  const drop = (): string => new Pool(options).stats().name;
  const name = drop();
  const next = new Set([nameOf(options)]);
  expect([name, ...next]).toEqual(['db.example:5432/dropped', 'db.example:5432/dropped #2']);
  expect(await collectedUntil(() => next.add(nameOf(options)).has(name))).toBe(true);
});

test('errors tell the same name as the figures', async () => {
  const pool = createPool({ host: 'db.example', database: 'told' });
  const { name } = pool.stats();
  await pool.end();
  await expect(pool.query('select 1')).rejects.toMatchObject({ poolName: name });
});

test('options that lead nowhere have their say at the first use', () => {
  expect(nameOf({ connectionString: 'postgres://[' })).toBe('pg');
});
