// connect-pg-simple: express-session's store, over the pool that its `pool` option names.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import connectPgSimple, { type PGStore } from 'connect-pg-simple';
import session, { type SessionData } from 'express-session';
import { expect, onTestFinished, test } from 'vitest';
import {
  describeOverBothPools,
  expectAllReturned,
  type Line,
  type LineConfig,
} from '../../support/libraries.ts';
import type { PoolClass } from '../../support/pools.ts';
import { givenPostgres } from '../../support/postgres.ts';

type Request = Parameters<ReturnType<typeof session>>[0];
type Response = Parameters<ReturnType<typeof session>>[1];

const PgSession = connectPgSimple(session);

interface Stored extends Line {
  readonly store: PGStore;
  set(id: string, data: SessionData): Promise<void>;
  get(id: string): Promise<SessionData | null | undefined>;
  destroy(id: string): Promise<void>;
}

function open(Pool: PoolClass, config: LineConfig): Stored {
  const pool = new Pool(config);
  const store = new PgSession({ pool, createTableIfMissing: true, pruneSessionInterval: false });
  return {
    pool,
    store,
    set: promisify((id: string, data: SessionData, done: (error?: unknown) => void) =>
      store.set(id, data, done),
    ),
    get: promisify((id: string, done: (error: unknown, data?: SessionData | null) => void) =>
      store.get(id, done),
    ),
    destroy: promisify((id: string, done: (error?: unknown) => void) => store.destroy(id, done)),
    close: () => store.close(),
  };
}

const of = (visits: number): SessionData =>
  ({ cookie: { originalMaxAge: 60_000, path: '/' }, visits }) as unknown as SessionData;

describeOverBothPools(givenPostgres(), 'connect-pg-simple', open, (line) => {
  test('creates its table, and reads back what it stored', async () => {
    const { set, get, pool } = line();
    await set('one', of(1));
    await set('one', of(2));
    expect(await get('one')).toMatchObject({ visits: 2 });
    expect(await get('two')).toBeUndefined();
    expect((await pool.query('select sid from session')).rows).toEqual([{ sid: 'one' }]);
    await expectAllReturned(pool);
  });

  test('carries a visitor from one request to the next', async () => {
    const { store, pool } = line();
    const middleware = session({ store, secret: 'for a test', resave: false, saveUninitialized: true });
    const server = createServer((request, response) => {
      middleware(request as Request, response as Response, (error) => {
        const visitor = (request as Request).session as unknown as { visits?: number };
        visitor.visits = (visitor.visits ?? 0) + 1;
        response.end(error ? String(error) : `${visitor.visits}`);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const first = await fetch(url);
    const cookie = first.headers.get('set-cookie')?.split(';')[0] ?? '';
    const visits = [await first.text()];
    for (let visit = 2; visit <= 4; visit += 1)
      visits.push(await (await fetch(url, { headers: { cookie } })).text());
    expect(visits).toEqual(['1', '2', '3', '4']);
    expect((await pool.query("select sess->>'visits' as visits from session")).rows).toEqual([
      { visits: '4' },
    ]);
    await expectAllReturned(pool);
  });

  test('forgets a session that is destroyed', async () => {
    const { set, get, destroy } = line();
    await set('one', of(1));
    await destroy('one');
    expect(await get('one')).toBeUndefined();
  });

  test('serves more requests than there are connections', async () => {
    const { set, get, pool } = line();
    await set('first', of(0));
    const ids = Array.from({ length: 25 }, (_, at) => `session-${at}`);
    await Promise.all(ids.map((id, at) => set(id, of(at))));
    const read = await Promise.all(ids.map((id) => get(id)));
    expect(read).toMatchObject(ids.map((_, visits) => ({ visits })));
    await expectAllReturned(pool);
  });

  test("tells the server's error with its code", async () => {
    const { set, get, pool } = line();
    await set('one', of(1));
    await pool.query('drop table session');
    await expect(get('one')).rejects.toMatchObject({ code: '42P01' });
  });

  test('leaves the pool to its user when it closes', async () => {
    const { set, store, pool } = line();
    await set('one', of(1));
    await store.close();
    expect(pool.ending).toBe(false);
    expect((await pool.query('select sid from session')).rows).toEqual([{ sid: 'one' }]);
  });
});
