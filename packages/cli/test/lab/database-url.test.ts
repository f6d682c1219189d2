// `openline lab` on a database of the user's, named by DATABASE_URL.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type PostgresServer, startPostgres } from '../../src/servers/index.ts';
import { query } from '../servers/support.ts';
import { canSeeProcesses, processesBelow, start, stillRunning } from './support.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

const schemas = `select nspname from pg_namespace where nspname = 'openline_lab'`;
const once = ['lab', '--once', '--seconds', '1', '--json'];

it.skipIf(!canSeeProcesses)('a lab that is killed takes its processes with it', async () => {
  const lab = start(['lab', '--once', '--seconds', '60'], { DATABASE_URL: server.connectionString() });
  await lab.says(/of 60 s/);
  const below = processesBelow(lab.child.pid ?? 0);
  expect(below.length).toBe(4);
  lab.child.kill('SIGKILL');
  await lab.ended;
  await expect.poll(() => stillRunning(below), { timeout: 10_000 }).toEqual([]);
});

it('works there, even after a lab that was killed, leaves nothing there, and never prints the password', async () => {
  const { status, stdout, stderr } = await start(once, { DATABASE_URL: server.connectionString() }).ended;
  expect(status, stderr).toBe(0);
  const { database } = (JSON.parse(stdout) as { conditions: { database: string } }).conditions;
  expect(database).toBe(`the database postgres at 127.0.0.1:${server.port}`);
  expect(stdout + stderr).not.toContain(server.password);
  expect(await query(server, schemas)).toEqual([]);
});

it('does not touch a schema of its name that it has not made', async () => {
  await query(server, 'create schema openline_lab; create table openline_lab.precious ()');
  const { status, stderr } = await start(once, { DATABASE_URL: server.connectionString() }).ended;
  expect(status).toBe(1);
  expect(stderr).toContain('has a schema openline_lab that the lab has not made');
  expect(await query(server, 'select * from openline_lab.precious')).toEqual([]);
  await query(server, 'drop schema openline_lab cascade');
});

it('says what is wrong with the URL or the database, without the password', async () => {
  const wrong = {
    'postgresql://someone:hush-hush@127.0.0.1:1/nowhere': 'ECONNREFUSED',
    'postgresql://someone:hush-hush@[/nowhere': 'DATABASE_URL is not a URL',
    'someone:hush-hush@127.0.0.1/nowhere': 'DATABASE_URL is not a URL',
    [server.connectionString('nowhere')]: 'database "nowhere" does not exist',
  };
  for (const [url, complaint] of Object.entries(wrong)) {
    const { status, stderr } = await start(once, { DATABASE_URL: url }).ended;
    expect([status, stderr]).toEqual([1, expect.stringContaining(complaint)]);
    expect(stderr).not.toMatch(/hush|at .*\.js:\d/);
    expect(stderr).not.toContain(server.password);
  }
});
