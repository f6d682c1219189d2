// A client given back in the midst of what only its user could bring to an end: a cursor, a stream, a COPY.
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { createPool, type PgPoolOptions, type Pool } from 'openline/pg';
import type pg from 'pg';
import type { PoolClient, Submittable } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import Cursor from 'pg-cursor';
import QueryStream from 'pg-query-stream';
import { beforeAll, describe, expect, test } from 'vitest';
import type { DriverClient } from '../../src/pg/driver.ts';
import { unfinished } from '../../src/pg/rest.ts';
import { ended } from '../support/pools.ts';
import { givenPostgres, until } from '../support/postgres.ts';

const database = givenPostgres();
const many = 'select n from generate_series(1, 100000) as n';

beforeAll(() => database.ask('create table copied (n int)'));

/** A pool that would wait for a statement longer than a test lasts. */
function watched(): { pool: Pool; left: string[] } {
  const left: string[] = [];
  const observers: PgPoolOptions['observers'] = [{ dirtyReturn: ({ what }) => void left.push(what) }];
  const config = database.config({ max: 1, connectTimeoutMs: 600_000, observers });
  return { pool: ended(createPool(config)), left };
}

/** Waits for the first bytes of an answer. */
const readable = (stream: NodeJS.ReadableStream): Promise<unknown> =>
  new Promise((resolve) => stream.once('readable', resolve));

const isCopying = async (): Promise<boolean> =>
  (await database.ask('select from pg_stat_progress_copy')).length > 0;

describe('the connection is closed at once where it is given back with', () => {
  const leftovers: [string, string, (client: PoolClient) => unknown][] = [
    ['a cursor that was read from', 'an open cursor', (client) => client.query(new Cursor(many)).read(2)],
    ['a cursor that was not read from', 'an open cursor', (client) => void client.query(new Cursor(many))],
    [
      'a cursor behind a statement',
      'an open cursor',
      (client) => {
        void client.query('select pg_sleep(0.05)').catch(() => undefined);
        void client.query(new Cursor(many));
      },
    ],
    [
      'a stream of rows that nobody reads on',
      'an open cursor',
      (client) => readable(client.query(new QueryStream(many))),
    ],
    [
      'a COPY that reads',
      'an unfinished COPY',
      (client) => readable(client.query(copyTo(`copy (${many}) to stdout`))),
    ],
    [
      'a COPY that writes',
      'an unfinished COPY',
      async (client) => {
        client.query(copyFrom('copy copied from stdin')).write('1\n');
        await until(isCopying, 'the server takes it');
      },
    ],
    [
      'a COPY that has only begun',
      'an unfinished COPY',
      (client) => void client.query(copyFrom('copy copied from stdin')),
    ],
  ];

  test.each(leftovers)('%s', async (_how, what, work) => {
    const { pool, left } = watched();
    const client = await pool.connect();
    client.on('error', () => undefined);
    await work(client);
    client.release();
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect(pool.stats().totals).toMatchObject({ opened: 2, closed: { 'reset-failed': 1 } });
    expect(left).toEqual([what]);
    expect(await database.ask('select from copied')).toEqual([]);
  });
});

describe('the connection is kept where it is given back after', () => {
  const rows = 'select n from generate_series(1, 1000) as n';
  const over: [string, (client: PoolClient) => unknown][] = [
    ['a cursor that was read to its end', (client) => client.query(new Cursor(rows)).read(2_000)],
    [
      'a cursor that was closed',
      async (client) => {
        const cursor = client.query(new Cursor(many));
        await cursor.read(2);
        await cursor.close();
      },
    ],
    [
      'a cursor whose close is not waited for',
      async (client) => {
        const cursor = client.query(new Cursor(many));
        await cursor.read(2);
        void cursor.close();
      },
    ],
    [
      'a cursor that failed',
      (client) =>
        client
          .query(new Cursor('select nonsense'))
          .read(2)
          .catch(() => undefined),
    ],
    [
      'a stream of rows that was left early',
      async (client) => {
        for await (const _row of client.query(new QueryStream(many))) break;
      },
    ],
    ['a stream of rows that was read', (client) => finished(client.query(new QueryStream(rows)).resume())],
    ['a COPY that was read', (client) => finished(client.query(copyTo(`copy (${rows}) to stdout`)).resume())],
    [
      'a COPY that was written',
      (client) => finished(client.query(copyFrom('copy copied from stdin')).end('7\n')),
    ],
    [
      'a COPY whose end is not waited for',
      (client) => void client.query(copyFrom('copy copied from stdin')).end('7\n'),
    ],
    [
      'a COPY that was broken off',
      (client) => {
        const copy = client.query(copyFrom('copy copied from stdin'));
        copy.on('error', () => undefined);
        copy.destroy();
      },
    ],
    [
      'a COPY without a stream, which the driver refuses',
      (client) => client.query('copy copied from stdin').catch(() => undefined),
    ],
    ['a Submittable of any other kind', (client) => void client.query(delayed())],
  ];

  test.each(over)('%s', async (_how, work) => {
    const { pool, left } = watched();
    const client = await pool.connect();
    await work(client);
    client.release();
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect(pool.stats().totals).toMatchObject({ opened: 1, closed: {} });
    expect(left).toEqual([]);
  });
});

test('a COPY of which all was read comes to rest, though the server has yet to say that it is ready', async () => {
  const stream = new PassThrough();
  stream.on('data', () => undefined);
  const copy = copyTo('copy copied to stdout');
  copy.submit({ stream, query: () => undefined } as unknown as pg.Connection);
  const client = { _activeQuery: copy } as unknown as DriverClient;
  copy.resume();
  expect(unfinished(client)).toMatchObject({ what: 'an unfinished COPY' });
  const copyOut = Buffer.from('H\0\0\0\x07\0\0\0');
  const copyDone = Buffer.from('c\0\0\0\x04');
  stream.write(copyOut);
  stream.write(copyDone);
  await finished(copy);
  expect(unfinished(client)).toBe(undefined);
});

/** A statement of nobody's class, which ends by itself. */
function delayed(): Submittable {
  const nothing = (): void => undefined;
  return {
    submit: (connection: { query(text: string): void }) => connection.query('select pg_sleep(0.05)'),
    handleRowDescription: nothing,
    handleDataRow: nothing,
    handleCommandComplete: nothing,
    handleReadyForQuery: nothing,
    handleError: nothing,
  } as unknown as Submittable;
}
