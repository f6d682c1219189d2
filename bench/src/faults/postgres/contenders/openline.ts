// Openline's Pool, as a program has it that changed one import, and with its own limits.

import { Pool } from 'openline/pg';
import type { FaultPool } from '../../contender.ts';
import type { Access } from '../access.ts';

export function create(access: Access, options: Readonly<Record<string, number>>): FaultPool {
  const { application, ...address } = access;
  const pool = new Pool({ ...address, application_name: application, ...options });
  return {
    async query(text, token) {
      const { rows } = await pool.query({ text, values: [token] });
      return rows[0]?.token;
    },
  };
}
