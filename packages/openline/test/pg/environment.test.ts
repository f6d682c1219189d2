// Where a pool connects to: PG* variables, connection strings, and options, as pg reads them.
import type pg from 'pg';
import { describe, expect, test, vi } from 'vitest';
import { bothPools, ended } from '../support/pools.ts';
import { givenPostgres } from '../support/postgres.ts';

const database = givenPostgres();
const whoAndWhere =
  'select current_user as who, current_database() as db, current_setting($1) as application';

describe.each(bothPools)('%s', (_, Pool) => {
  const askOf = async (options?: pg.PoolConfig): Promise<unknown> =>
    (await ended(new Pool(options)).query(whoAndWhere, ['application_name'])).rows[0];

  function setVariables(further: Record<string, string> = {}): void {
    const { host, port, user, password, database: name } = database.server;
    const variables = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password };
    for (const [variable, value] of Object.entries({ ...variables, PGDATABASE: name, ...further }))
      vi.stubEnv(variable, value);
  }

  test('connects to where the PG* variables lead', async () => {
    setVariables({ PGAPPNAME: 'from the environment' });
    try {
      expect(await askOf()).toEqual({ who: 'postgres', db: 'postgres', application: 'from the environment' });
    } finally {
      vi.unstubAllEnvs();
    }
  });

  test('puts options above the PG* variables', async () => {
    setVariables({ PGDATABASE: 'no_such_database', PGAPPNAME: 'from the environment' });
    try {
      const answer = await askOf({ database: 'template1', application_name: 'from the options' });
      expect(answer).toEqual({ who: 'postgres', db: 'template1', application: 'from the options' });
    } finally {
      vi.unstubAllEnvs();
    }
  });

  test('connects to where a connection string leads', async () => {
    const connectionString = `${database.server.connectionString()}?application_name=from%20the%20string`;
    expect(await askOf({ connectionString })).toEqual({
      who: 'postgres',
      db: 'postgres',
      application: 'from the string',
    });
  });

  test('sends the options of a connection string to the server', async () => {
    const connectionString = `${database.server.connectionString()}?options=-c%20geqo%3Doff`;
    const pool = ended(new Pool({ connectionString, statement_timeout: 12_000 }));
    const { rows } = await pool.query(
      "select current_setting('geqo') as geqo, current_setting('statement_timeout') as limit",
    );
    expect(rows).toEqual([{ geqo: 'off', limit: '12s' }]);
  });

  test('uses a connection string of its options rather than a host beside it', async () => {
    const connectionString = database.server.connectionString('template1');
    expect(await askOf({ connectionString, host: 'no-such-host.invalid', port: 1 })).toMatchObject({
      db: 'template1',
    });
  });
});
