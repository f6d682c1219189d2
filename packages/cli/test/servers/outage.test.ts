// Killing, starting again, freezing.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type PostgresServer, startPostgres } from '../../src/servers/index.ts';
import { isRefused } from '../../src/servers/ports.ts';
import { childrenOf, isAlive, isFrozen } from '../../src/servers/processes.ts';
import { query } from './support.ts';

describe.each([18, 15] as const)('PostgreSQL %i', (version) => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres({ version });
    await query(server, 'create table kept (id int)');
  });
  afterAll(() => server.stop());

  it('keeps what was committed a moment before it was killed, and its port', async () => {
    const { port, pid } = server;
    for (let round = 1; round <= 3; round += 1) {
      await query(server, `insert into kept values (${round})`);
      await server.kill();
      expect(server.pid).toBeUndefined();
      expect(await isRefused(port)).toBe(true);
      await server.start();
      expect(await query(server, 'select max(id) from kept')).toEqual([{ max: round }]);
    }
    expect(server.port).toBe(port);
    expect(server.pid).not.toBe(pid);
  });

  it('is killed with every backend, even with one that is deep in a statement', async () => {
    const client = await connected(server);
    const lost = client
      .query('select count(*) from generate_series(1, 1e12)')
      .catch((error: Error) => error.message);
    await delay(200);
    const processes = childrenOf(server.pid ?? 0);
    expect(processes.length).toBeGreaterThan(3);
    await server.kill();
    expect(processes.filter(isAlive)).toEqual([]);
    expect(await lost).toMatch(/Connection terminated|ECONNRESET/);
    await server.start();
  });

  it('starts after a stranger has killed the postmaster alone, as soon as its orphans are gone', async () => {
    const busy = await connected(server);
    const lost = busy.query('select count(*) from generate_series(1, 3e6)').catch(() => undefined);
    await delay(50);
    const { pid = 0 } = server;
    process.kill(pid, 'SIGKILL');
    await vi.waitUntil(() => server.pid === undefined);
    await server.start();
    expect(server.pid).not.toBe(pid);
    expect(await query(server, 'select 1 as one')).toEqual([{ one: 1 }]);
    await lost;
  });

  it('can be killed and started by calls that do not wait for each other', async () => {
    await Promise.all([server.kill(), server.start(), server.kill(), server.start()]);
    expect(await query(server, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('says nothing while it is paused, to old and to new connections, and goes on where it was', async () => {
    const client = await connected(server);
    server.pause();
    const processes = [...childrenOf(server.pid ?? 0)];
    expect(processes.every(isFrozen)).toBe(true);
    let answered = false;
    const answer = client.query('select 1 as one').then(({ rows }) => {
      answered = true;
      return rows;
    });
    await expect(query(server, 'select 1', { connectionTimeoutMillis: 300 })).rejects.toThrow('timeout');
    expect(answered).toBe(false);
    server.resume();
    expect(await answer).toEqual([{ one: 1 }]);
    await client.end();
  });

  it('can be killed while it is paused, and started again', async () => {
    server.pause();
    await server.kill();
    expect(() => server.pause()).toThrow(expect.objectContaining({ code: 'NOT_RUNNING' }));
    server.resume();
    await server.start();
    expect(await query(server, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('starts although its lock file names a process that is now somebody else', async () => {
    const [row] = await query(server, 'show data_directory');
    const lock = join(String(row?.['data_directory']), 'postmaster.pid');
    await server.kill();
    rmSync(lock, { force: true });
    writeFileSync(lock, `${process.ppid}\n`);
    await server.start();
    expect(await query(server, 'select 1 as one')).toEqual([{ one: 1 }]);
  });
});

it('a server can be stopped while it is killed or paused, and not started after that', async () => {
  const [killed, paused] = await Promise.all([startPostgres(), startPostgres()]);
  await killed.kill();
  paused.pause();
  await Promise.all([killed.stop(), paused.stop()]);
  expect(await isRefused(paused.port)).toBe(true);
  await expect(killed.start()).rejects.toMatchObject({ code: 'STOPPED' });
  await expect(paused.kill()).rejects.toMatchObject({ code: 'STOPPED' });
});

async function connected(server: PostgresServer): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: server.connectionString() });
  client.on('error', () => {});
  await client.connect();
  return client;
}
