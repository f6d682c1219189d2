// Starting and stopping, and who gets in.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PostgresOptions, type PostgresServer, startPostgres } from '../../src/servers/index.ts';
import { isRefused } from '../../src/servers/ports.ts';
import { identify } from '../../src/servers/processes.ts';
import { query } from './support.ts';

describe.each([18, 15] as const)('PostgreSQL %i', (version) => {
  it('starts, answers, and leaves neither process, port nor data when stopped', async () => {
    const steps: string[] = [];
    const server = await startPostgres({ version, onProgress: (message) => steps.push(message) });
    const [row] = await query(
      server,
      "select current_setting('server_version') as v, current_setting('data_directory') as d",
    );
    expect(row?.['v']).toMatch(new RegExp(`^${version}\\.`));
    expect(steps).toContain(`Starting PostgreSQL ${version}`);
    const { pid } = server;
    const folder = dirname(String(row?.['d']));
    expect(existsSync(folder)).toBe(true);

    await Promise.all([server.stop(), server.stop()]);
    expect(server.pid).toBeUndefined();
    expect(identify(pid ?? 0)).toBeUndefined();
    expect(await isRefused(server.port)).toBe(true);
    expect([folder, `${folder}.json`, `${folder}.log`].filter(existsSync)).toEqual([]);
  });
});

describe('a server', () => {
  let server: PostgresServer;
  let folder: string;

  beforeAll(async () => {
    server = await startPostgres({ settings: { max_connections: 7, 'app.words': "it's" } });
    const [row] = await query(server, 'show data_directory');
    folder = dirname(String(row?.['data_directory']));
  });

  afterAll(() => server.stop());

  it('asks for the password, by scram-sha-256', async () => {
    const stored = await query(server, "select rolpassword from pg_authid where rolname = 'postgres'");
    expect(stored[0]?.['rolpassword']).toMatch(/^SCRAM-SHA-256\$/);
    const connectionString = server.connectionString().replace(server.password, 'wrong');
    await expect(query(server, 'select 1', { connectionString })).rejects.toMatchObject({ code: '28P01' });
  });

  it('listens on the loopback address only, on a port below 32768', async () => {
    expect(server.port).toBeLessThan(32_768);
    expect(await query(server, 'show listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
    expect(await query(server, 'show unix_socket_directories')).toEqual([{ unix_socket_directories: '' }]);
  });

  it('has the settings it was given, quoted', async () => {
    expect(await query(server, 'show max_connections')).toEqual([{ max_connections: '7' }]);
    expect(await query(server, 'show app.words')).toEqual([{ 'app.words': "it's" }]);
  });

  it('keeps its password out of the process list and of what it writes', () => {
    const listed = execFileSync('ps', ['-axww', '-o', 'args='], { encoding: 'utf8' });
    expect(listed).toContain(folder);
    expect(listed).not.toContain(server.password);
    expect(readdirSync(folder)).toEqual(['data']);
    const files = [`${folder}.json`, `${folder}.log`, join(folder, 'data/postgresql.conf')];
    expect(files.map((file) => readFileSync(file, 'utf8')).join()).not.toContain(server.password);
  });

  it('that can’t start says what its log says, and leaves nothing', async () => {
    const ours = (): string[] =>
      readdirSync(dirname(folder)).filter((name) => name.startsWith(`${process.pid}-`));
    const before = ours();
    const failure = startPostgres({ port: server.port });
    await expect(failure).rejects.toMatchObject({ code: 'START_FAILED' });
    await expect(failure).rejects.toThrow('Address already in use');
    expect(ours()).toEqual(before);
  });
});

it('a server that trusts asks for no password', async () => {
  const server = await startPostgres({ auth: 'trust' });
  const connectionString = server.connectionString().replace(`:${server.password}`, '');
  expect(await query(server, 'select 1 as one', { connectionString })).toEqual([{ one: 1 }]);
  await server.stop();
});

it('options are checked, all at once, before anything is started', async () => {
  const faulty = { version: 17, tls: 'yes', auth: 'md5', port: 0 } as unknown as PostgresOptions;
  await expect(startPostgres(faulty)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
  await expect(startPostgres(faulty)).rejects.toThrow(/version is 17.*tls is yes.*auth is md5.*port is 0/);
  const settings = { listen_addresses: '*', 'a b': 1 };
  await expect(startPostgres({ settings })).rejects.toThrow('listen_addresses, a b');
});
