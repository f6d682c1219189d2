// The lab's schema in whatever database it uses: made at the start, dropped at the end, never one of somebody else's.
import pg, { type ClientConfig } from 'pg';
import { LabError, messageOf } from './errors.ts';
import { orderCount } from './schema-size.ts';

/** Marks the schema as the lab's own. */
const mark = 'Openline lab: made by `openline lab`, dropped when it ends';

const createText = `
  create schema openline_lab;
  comment on schema openline_lab is '${mark}';
  create table openline_lab.orders (
    id int primary key,
    customer text not null,
    article text not null,
    quantity int not null
  );
  insert into openline_lab.orders
    select id, 'customer-' || id % 97, 'article-' || id % 13, 1 + id % 5 from generate_series(1, ${orderCount}) as id;
  analyze openline_lab.orders;`;

/** The schema while the lab uses it. */
export interface LabSchema {
  /** Drops it. */
  drop(): Promise<void>;
}

/**
 * Makes the schema `openline_lab`. One that an earlier lab left behind is replaced.
 * @throws {LabError} where the database can't be reached or refuses, where a schema of that name is not the lab's, or
 * where another lab is using it.
 */
export async function createSchema(database: ClientConfig): Promise<LabSchema> {
  // Its session holds the lock that keeps a second lab away.
  const owner = new pg.Client({ ...database, connectionTimeoutMillis: 10_000 });
  owner.on('error', () => undefined);
  try {
    await owner.connect();
    await prepare(owner);
  } catch (error) {
    await owner.end().catch(() => undefined);
    if (error instanceof LabError) throw error;
    throw new LabError(`The database does not let the lab work: ${messageOf(error)}`, { cause: error });
  }
  return {
    async drop() {
      await owner.end().catch(() => undefined);
      await dropSchema(database);
    },
  };
}

async function prepare(owner: pg.Client): Promise<void> {
  const { rows: locks } = await owner.query<{ locked: boolean }>(
    `select pg_try_advisory_lock(hashtext('openline_lab')) as locked`,
  );
  if (!locks[0]?.locked) throw new LabError('Another lab is using this database. Wait until it has ended.');
  const { rows: schemas } = await owner.query<{ comment: string | null }>(
    `select obj_description(oid, 'pg_namespace') as comment from pg_namespace where nspname = 'openline_lab'`,
  );
  if (schemas[0] && schemas[0].comment !== mark) {
    throw new LabError(
      'This database has a schema openline_lab that the lab has not made, and it would be dropped. Use another database.',
    );
  }
  await owner.query(`begin; ${schemas[0] ? 'drop schema openline_lab cascade;' : ''} ${createText} commit`);
}

async function dropSchema(database: ClientConfig): Promise<void> {
  const client = new pg.Client({ ...database, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('drop schema if exists openline_lab cascade');
  } catch (error) {
    throw new LabError(
      `The schema openline_lab could not be dropped (${messageOf(error)}). Do it by hand: drop schema openline_lab cascade;`,
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}
