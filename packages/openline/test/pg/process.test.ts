// What a pool does to the process that it runs in: how long it keeps it alive, and that it never ends it.
import { describe, expect, test } from 'vitest';
import { givenPostgres } from '../support/postgres.ts';
import { givenPrograms } from '../support/programs.ts';

const database = givenPostgres();
const programs = givenPrograms();

const pools = [
  ['pg.Pool', 'pg.Pool'],
  ['Pool of openline/pg', 'openline.Pool'],
] as const;

const withoutEnd = (Pool: string): string => `
  const pool = new ${Pool}(config);
  await Promise.all([pool.query('select 1'), pool.query('select 1')]);
  atEnd();
`;

test('a program that never calls end() leaves when its idle connections do, no later than with pg.Pool', async () => {
  const config = database.config({ idleTimeoutMillis: 1_000 });
  const theirs = await programs.run(withoutEnd('pg.Pool'), config);
  const ours = await programs.run(withoutEnd('openline.Pool'), config);
  expect([theirs.status, ours.status]).toEqual([0, 0]);
  expect(ours.lingeredMs).toBeGreaterThan(900);
  expect(ours.lingeredMs).toBeLessThan((theirs.lingeredMs ?? 0) + 100);
});

describe.each(pools)('a program with %s', (_, Pool) => {
  test('leaves at once after end()', async () => {
    const code = `const pool = new ${Pool}(config); await pool.query('select 1'); await pool.end(); atEnd();`;
    const ending = await programs.run(code, database.config());
    expect(ending).toMatchObject({ status: 0, complaints: '' });
    expect(ending.lingeredMs).toBeLessThan(100);
  });

  test('leaves at once with allowExitOnIdle', async () => {
    const ending = await programs.run(withoutEnd(Pool), database.config({ allowExitOnIdle: true }));
    expect(ending).toMatchObject({ status: 0, complaints: '' });
    expect(ending.lingeredMs).toBeLessThan(100);
  });

  test('ends its statements before it leaves, with allowExitOnIdle too', async () => {
    const code = `
      const pool = new ${Pool}(config);
      await pool.query('select 1');
      pool.query('select pg_sleep(0.2)').then(() => tell('first'));
      const client = await pool.connect();
      client.query('select pg_sleep(0.4)').then(() => { tell('second'); client.release(); });
    `;
    const ending = await programs.run(code, database.config({ allowExitOnIdle: true, max: 1 }));
    expect(ending).toMatchObject({ status: 0, told: ['first', 'second'] });
  });

  test('stays while a client is lent', async () => {
    const code = `
      const pool = new ${Pool}(config);
      const client = await pool.connect();
      setTimeout(() => { tell('released'); client.release(); }, 300).unref();
    `;
    const ending = await programs.run(code, database.config({ allowExitOnIdle: true }));
    expect(ending).toMatchObject({ status: 0, told: ['released'] });
  });
});

describe('a caller that waits', () => {
  const waiting = `
    pool.connect().catch((error) => tell([error.kind, error.code]));
    atEnd();
  `;

  test('keeps the process alive until its deadline when the server refuses', async () => {
    const code = `const pool = new openline.Pool({ ...config, port: 1, acquireTimeoutMs: 600 }); ${waiting}`;
    const ending = await programs.run(code, database.config());
    expect(ending).toMatchObject({ status: 0, told: [['acquire-timeout', 'ECONNREFUSED']] });
    expect(ending.lingeredMs).toBeGreaterThan(500);
    expect(ending.lingeredMs).toBeLessThan(1_500);
  });

  test('keeps the process alive until its deadline when all that there is may let it go', async () => {
    const code = `
      const pool = new openline.Pool({ ...config, allowExitOnIdle: true, acquireTimeoutMs: 300 });
      await pool.query('select 1');
      pool.suspend();
      ${waiting}
    `;
    const ending = await programs.run(code, database.config());
    expect(ending).toMatchObject({ status: 0, told: [['acquire-timeout', 'OPENLINE_ACQUIRE_TIMEOUT']] });
    expect(ending.lingeredMs).toBeGreaterThan(200);
  });
});

describe('a connection that dies, with no listener anywhere,', () => {
  const killer = `
    const kill = async (pid) => {
      const client = new pg.Client(config);
      await client.connect();
      await client.query('select pg_terminate_backend($1)', [pid]);
      await client.end();
    };
    const sessionOf = async (client) => (await client.query('select pg_backend_pid() as pid')).rows[0].pid;
  `;
  const idle = (Pool: string): string => `
    ${killer}
    const pool = new ${Pool}(config);
    await kill(await sessionOf(pool));
    await until(() => pool.totalCount === 0);
    tell((await pool.query('select 1 as one')).rows);
    await pool.end();
  `;
  const lent = (Pool: string): string => `
    ${killer}
    const pool = new ${Pool}(config);
    const client = await pool.connect();
    let gone = false;
    client.once('end', () => { gone = true; });
    await kill(await sessionOf(client));
    await until(() => gone);
    await client.query('select 1').catch((error) => tell(error instanceof Error));
    client.release();
    tell((await pool.query('select 1 as one')).rows);
    await pool.end();
  `;

  test('ends a program with pg.Pool', async () => {
    for (const program of [idle, lent])
      expect(await programs.run(program('pg.Pool'), database.config())).toMatchObject({ status: 1 });
  });

  test('while it is idle, does not end a program', async () => {
    expect(await programs.run(idle('openline.Pool'), database.config())).toMatchObject({
      status: 0,
      told: [[{ one: 1 }]],
      complaints: '',
    });
  });

  test('while it is lent, does not end a program', async () => {
    expect(await programs.run(lent('openline.Pool'), database.config())).toMatchObject({
      status: 0,
      told: [true, [{ one: 1 }]],
      complaints: '',
    });
  });
});
