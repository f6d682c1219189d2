// What the faults ask of a server beside the contenders.

import { setTimeout as pause } from 'node:timers/promises';
import type { PostgresServer } from 'openline-cli/servers';
import pg from 'pg';

const ASK_EVERY_MS = 20;
const CONNECT_LIMIT_MS = 1_000;

async function withClient<T>(server: PostgresServer, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: server.connectionString(),
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Resolves when the server, asked directly, accepts a connection. */
export async function accepts(server: PostgresServer): Promise<void> {
  for (;;) {
    const accepted = await withClient(server, async () => true).catch(() => false);
    if (accepted) return;
    await pause(ASK_EVERY_MS);
  }
}

/** Lets a server be logged in to as another is: each has a password of its own at first. */
export async function takePasswordOf(first: PostgresServer, server: PostgresServer): Promise<void> {
  await withClient(server, async (client) => {
    const password = client.escapeLiteral(first.password);
    await client.query(`alter role ${client.escapeIdentifier(server.user)} password ${password}`);
  });
}

/** Ends one session of each application, in the middle of a slow statement. */
export async function killOneOfEach(server: PostgresServer): Promise<void> {
  await withClient(server, async (client) => {
    await client.query(`
      select pg_terminate_backend(pid) from (
        select distinct on (application_name) application_name, pid from pg_stat_activity
        where state = 'active' and query like '%pg_sleep(%' and pid <> pg_backend_pid()
        order by application_name, query_start desc
      ) as victims`);
  });
}
