// pg.Pool, with the listener for errors of idle clients that its documentation asks for.

import pg from 'pg';
import type { FaultPool } from '../../contender.ts';
import type { Access } from '../access.ts';

export function create(access: Access, options: Readonly<Record<string, number>>): FaultPool {
  const { application, ...address } = access;
  const pool = new pg.Pool({ ...address, application_name: application, ...options });
  pool.on('error', () => undefined);
  return {
    async query(text, token) {
      const { rows } = await pool.query({ text, values: [token] });
      return rows[0]?.token;
    },
  };
}
