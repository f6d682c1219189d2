// What must type-check for a user who gives Openline's pool to a library: each takes it as it takes pg's, with no cast.
import { PrismaPg } from '@prisma/adapter-pg';
import connectPgSimple from 'connect-pg-simple';
import { drizzle } from 'drizzle-orm/node-postgres';
import session from 'express-session';
import { makeWorkerUtils, run } from 'graphile-worker';
import knex from 'knex';
import { Kysely, PostgresDialect } from 'kysely';
import { createPool, Pool } from 'openline/pg';
import pg from 'pg';
import PgBoss from 'pg-boss';
import { from, to } from 'pg-copy-streams';
import Cursor from 'pg-cursor';
import pgPromise from 'pg-promise';
import QueryStream from 'pg-query-stream';
import { DataSource } from 'typeorm';

const pool = new Pool({ connectionString: process.env['DATABASE_URL'], max: 5 });

/** A place that was written for pg's pool. */
export const asPg: pg.Pool = createPool({ leakThresholdMs: 10_000 });

export const takesPool: readonly unknown[] = [
  new Kysely<object>({ dialect: new PostgresDialect({ pool, cursor: Cursor }) }),
  new Kysely<object>({ dialect: new PostgresDialect({ pool: async () => pool }) }),
  drizzle({ client: pool }),
  drizzle(pool, { logger: true }),
  new PrismaPg(pool, { schema: 'shop' }),
  knex({ client: 'pg', connectionPool: pool }),
  new PgBoss({ db: { executeSql: (text, values) => pool.query(text, values) } }),
  new (connectPgSimple(session))({ pool }),
  new DataSource({ type: 'postgres', driver: { ...pg, Pool } }),
  Object.assign(pgPromise().pg, { Pool }),
  () => run({ pgPool: pool, taskList: {} }),
  () => makeWorkerUtils({ pgPool: pool }),
];

/** What runs through a client of it. */
export async function throughClient(): Promise<void> {
  const client = await pool.connect();
  try {
    const rows: { n: number }[] = await client.query(new Cursor<{ n: number }>('select 1 as n')).read(1);
    client.query(new QueryStream('select $1::int', [rows.length])).resume();
    client.query(to('copy shop to stdout')).pipe(client.query(from('copy shop from stdin')));
  } finally {
    client.release();
  }
}
