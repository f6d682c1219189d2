// postgres.js, its statements prepared as its tagged template does.

import postgres from 'postgres';
import type { FaultPool } from '../../contender.ts';
import type { Access } from '../access.ts';

export function create(access: Access, options: Readonly<Record<string, number>>): FaultPool {
  const { application, ...address } = access;
  const sql = postgres({ ...address, connection: { application_name: application }, ...options });
  return {
    async query(text, token) {
      const rows = await sql.unsafe(text, [token], { prepare: true });
      return rows[0]?.['token'];
    },
  };
}
