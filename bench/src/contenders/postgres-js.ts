// postgres.js with its defaults: statements are named and prepared once for each connection.

import postgres from 'postgres';
import type { PostgresAccess, QueryPool } from './query.ts';

export function create({ host, port, user, password, database, max }: PostgresAccess): QueryPool {
  const sql = postgres({ host, port, user, password, database, max });
  return {
    async query(value) {
      const rows = await sql<{ value: number }[]>`select ${value}::int as value`;
      return rows[0]?.value ?? Number.NaN;
    },
    close: () => sql.end(),
  };
}
