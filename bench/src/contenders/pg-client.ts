// pg's client by itself: a connection without a pool.

import pg from 'pg';
import type { Connecting, PostgresAccess } from './query.ts';

export function create(access: PostgresAccess): Connecting {
  return {
    async open() {
      const client = new pg.Client({ ...access });
      await client.connect();
      return () => client.end();
    },
    close: async () => {},
  };
}
