// A PgBouncer before the server of a test file, and pools that connect through it.

import { type PgPoolOptions, Pool } from 'openline/pg';
import { findPgBouncer, type PgBouncer, type PgBouncerOptions, startPgBouncer } from 'openline-cli/servers';
import type pg from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { ended } from './pools.ts';
import type { Database } from './postgres.ts';

/** Why the tests that need the program are skipped, or nothing. */
export const lacksPgBouncer: string | undefined =
  findPgBouncer() === undefined
    ? 'skipped: there is no pgbouncer here (apt-get install pgbouncer)'
    : undefined;

/** The pooler of some tests. */
export interface Bouncer {
  /** What a client needs to connect through it. */
  config<T extends object>(extra?: T): pg.ClientConfig & T;
  /** A pool that connects through it, and is ended with its test. */
  pool(options?: PgPoolOptions): Pool;
}

/** Starts one before the tests of the suite, and stops it after them. */
export function givenPgBouncer(database: Database, options: Omit<PgBouncerOptions, 'server'>): Bouncer {
  let bouncer: PgBouncer | undefined;
  beforeAll(async () => {
    bouncer = await startPgBouncer({ ...options, server: database.server });
  });
  afterAll(() => bouncer?.stop());
  return {
    config<T extends object>(extra?: T) {
      if (bouncer === undefined) throw new Error('it starts in beforeAll: ask for it in a test');
      return database.config({ host: bouncer.host, port: bouncer.port, ...extra }) as pg.ClientConfig & T;
    },
    pool(extra) {
      return ended(new Pool(this.config(extra)));
    },
  };
}
