// A PgBouncer of one's own: who runs it, who can read its password, and what is left of it.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  findPgBouncer,
  type PgBouncer,
  type PostgresServer,
  startPgBouncer,
  startPostgres,
} from '../../src/servers/index.ts';
import { isRefused } from '../../src/servers/ports.ts';
import { ownPlaces, readRecord } from '../../src/servers/registry.ts';

const isMissing = findPgBouncer() === undefined;
const skipped = isMissing ? ' (skipped: there is no pgbouncer here; apt-get install pgbouncer)' : '';

describe.skipIf(isMissing)(`a PgBouncer${skipped}`, () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());

  async function started(): Promise<PgBouncer> {
    const bouncer = await startPgBouncer({ server, poolMode: 'transaction' });
    onTestFinished(() => bouncer.stop());
    return bouncer;
  }

  async function connect({ host, port }: PgBouncer, password: string): Promise<pg.Client> {
    const { user, database } = server;
    const client = new pg.Client({ host, port, user, database, password });
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  const placeOf = ({ port }: PgBouncer) => [...ownPlaces].find((place) => readRecord(place)?.port === port)!;

  test('leads to the server, for those who know the password', async () => {
    const bouncer = await started();
    const client = await connect(bouncer, server.password);
    expect((await client.query('select inet_server_port() as port')).rows).toEqual([{ port: server.port }]);
    await client.end();
    await expect(connect(bouncer, 'wrong')).rejects.toThrow(/authentication failed/);
  });

  test('runs as an ordinary user, with the password in a file of that user alone', async () => {
    const place = placeOf(await started());
    const { pid } = readRecord(place)!.server!;
    const { uid, mode } = statSync(join(place.folder, 'users.txt'));
    expect(uid).not.toBe(0);
    expect(mode & 0o777).toBe(0o600);
    expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toContain(`Uid:\t${uid}\t`);
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain(server.password);
  });

  test('leaves nothing when it is stopped', async () => {
    const bouncer = await started();
    const place = placeOf(bouncer);
    const parent = join(place.folder, '..');
    const name = place.folder.slice(parent.length + 1);
    expect(readdirSync(parent).filter((each) => each.startsWith(name))).not.toEqual([]);
    await bouncer.stop();
    expect(readdirSync(parent).filter((each) => each.startsWith(name))).toEqual([]);
    expect(await isRefused(bouncer.port)).toBe(true);
  });

  test('refuses options that make no sense, all at once', async () => {
    const wrong = { server, poolMode: 'shared' as 'session', poolSize: 0 };
    await expect(startPgBouncer(wrong)).rejects.toThrow(
      "poolMode is shared, but may be 'session', 'transaction' or 'statement'; poolSize is 0, but must be a whole number from 1",
    );
  });
});
