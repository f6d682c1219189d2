// postgres.js with its defaults: statements are named and prepared once for each connection.

import postgres from 'postgres';
import type { PostgresAccess, QueryPool } from './query.ts';

export function create({ host, port, user, password, database, ssl, max }: PostgresAccess): QueryPool {
  const sql = postgres({ host, port, user, password, database, ssl, max });
  return {
    async query(text, values) {
      // As its tagged template does; a text in a variable is not prepared unless it is asked for.
      const rows = await sql.unsafe<{ value: number }[]>(text, values, { prepare: true });
      return rows[0]?.value ?? Number.NaN;
    },
    async open() {
      const reserved = await sql.reserve();
      return async () => reserved.release();
    },
    close: () => sql.end(),
  };
}
