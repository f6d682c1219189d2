// One real PostgreSQL for all tests of a file, questions put to it beside the pool under test, and ways to kill its sessions.
import { type PostgresOptions, type PostgresServer, startPostgres } from 'openline-cli/servers';
import pg from 'pg';
import { afterAll, beforeAll, vi } from 'vitest';

/** The server of one file. */
export interface Database {
  /** The server; only from the first `beforeAll` on. */
  readonly server: PostgresServer;
  /** What a client needs to connect to it. */
  config<T extends object>(extra?: T): pg.ClientConfig & T;
  /** Asks over a connection of its own. */
  ask(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  /** How many sessions the server has under this `application_name`. */
  sessions(applicationName: string): Promise<number>;
  /** Ends the sessions with this `application_name`, and says how many they were. */
  terminate(applicationName: string): Promise<number>;
}

/** Starts a server before the tests of the file, and stops it after them. */
export function givenPostgres(options: PostgresOptions = {}): Database {
  let server: PostgresServer | undefined;
  beforeAll(async () => {
    server = await startPostgres(options);
  });
  afterAll(() => server?.stop());
  const database: Database = {
    get server() {
      if (server === undefined) throw new Error('the server starts in beforeAll: ask for it in a test');
      return server;
    },
    config<T extends object>(extra?: T) {
      const { host, port, user, password, database, ca } = this.server;
      return { host, port, user, password, database, ssl: ca ? { ca } : false, ...extra } as pg.ClientConfig &
        T;
    },
    async ask(text, values) {
      const client = new pg.Client(this.config());
      await client.connect();
      try {
        return (await client.query(text, values)).rows;
      } finally {
        await client.end();
      }
    },
    async sessions(applicationName) {
      const count = 'select count(*)::int as n from pg_stat_activity where application_name = $1';
      return Number((await this.ask(count, [applicationName]))[0]?.['n']);
    },
    async terminate(applicationName) {
      const kill = 'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1';
      return (await this.ask(kill, [applicationName])).length;
    },
  };
  return database;
}

/** Waits until `condition` holds; fails the test when it still does not after `timeout` milliseconds. */
export function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeout = 5_000,
): Promise<unknown> {
  return vi.waitFor(
    async () => {
      if (!(await condition())) throw new Error(`not yet: ${what}`);
    },
    { interval: 5, timeout },
  );
}
