// Statements of several callers on one line, and a look at which session answered whom.
import { type PgPoolOptions, Pool } from 'openline/pg';
import { ended } from '../../support/pools.ts';
import type { Database } from '../../support/postgres.ts';

/** A pool over `database` that is ended with its test. */
export function poolOf(database: Database, options: PgPoolOptions = {}): Pool {
  return ended(new Pool(database.config(options)));
}

/** Asks often enough that the pool knows the texts as short ones, and prepares those with values. */
export async function makeKnown(
  pool: Pool,
  ...queries: readonly (readonly [string, unknown[]?])[]
): Promise<void> {
  for (const [text, values] of queries) {
    for (let run = 0; run < 3; run++) await pool.query(text, values);
  }
}

/** The errors with which promises were rejected, and the values of the others. */
export async function outcomes(promises: readonly Promise<unknown>[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((each) => (each.status === 'fulfilled' ? each.value : each.reason));
}
