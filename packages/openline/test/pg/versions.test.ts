// The heart of the drop-in on each PostgreSQL that it is tested with, in the clear and over TLS.
import { Pool } from 'openline/pg';
import { describe, expect, test } from 'vitest';
import { ended } from '../support/pools.ts';
import { givenPostgres, until } from '../support/postgres.ts';

const servers = [
  ['PostgreSQL 18', { version: 18 }],
  ['PostgreSQL 18 over TLS', { version: 18, tls: true }],
  ['PostgreSQL 15', { version: 15 }],
  ['PostgreSQL 15 over TLS', { version: 15, tls: true }],
] as const;

describe.each(servers)('%s', (_, options) => {
  const database = givenPostgres(options);
  const connect = (further: object = {}): Pool => ended(new Pool(database.config(further)));

  test('is the server that answers', async () => {
    const { rows } = await connect().query(
      "select current_setting('server_version_num')::int / 10000 as version, ssl from pg_stat_ssl where pid = pg_backend_pid()",
    );
    expect(rows).toEqual([{ version: options.version, ssl: 'tls' in options }]);
  });

  test('serves many callers on few connections', async () => {
    const pool = connect({ max: 4 });
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_value, n) => pool.query('select $1::int as n', [n])),
    );
    expect(answers.map(({ rows }) => rows[0].n)).toEqual(Array.from({ length: 200 }, (_value, n) => n));
    expect(pool.totalCount).toBeLessThanOrEqual(4);
  });

  test('keeps its session through a failed statement, and rolls back what is left open', async () => {
    const pool = connect({ max: 1 });
    const pid = 'select pg_backend_pid() as pid';
    const { rows } = await pool.query(pid);
    await pool.query('begin');
    await expect(pool.query('select nonsense')).rejects.toMatchObject({ code: '42703' });
    const client = await pool.connect();
    await client.query('begin');
    client.release();
    const fresh = await pool.transaction((inside) => inside.query(pid), { isolation: 'serializable' });
    expect(fresh.rows).toEqual(rows);
  });

  test('may end the sessions at any time', async () => {
    const name = 'ended-by-the-server';
    const pool = connect({ max: 2, application_name: name });
    await pool.warm(2);
    await database.terminate(name);
    await until(() => pool.totalCount === 0, 'both are gone');
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });

  test('tells of every phase of a connect', async () => {
    const pool = connect();
    await pool.query('select 1');
    const phases = ['tcp', ...('tls' in options ? ['tls'] : []), 'startup', 'authentication'];
    expect(Object.keys(pool.stats().times.connectPhases)).toEqual(phases);
  });

  test('rejects a wrong password with its own error', async () => {
    await expect(connect({ password: 'wrong' }).query('select 1')).rejects.toMatchObject({
      code: '28P01',
      openline: { phase: 'authentication' },
    });
  });
});
