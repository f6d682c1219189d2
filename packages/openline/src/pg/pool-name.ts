// The name of a pool that was given none: where it leads, as OpenTelemetry's conventions would have it, and no other pool's.

import ConnectionParameters from 'pg/lib/connection-parameters';
import type { Hosts } from './hosts.ts';
import type { PgPoolOptions } from './options.ts';

/** Names of the pools that have not ended, by whose they are: one that was dropped without an end needs its name no more. */
const taken = new Map<string, WeakRef<object>>();

/**
 * A name such as `db.example:5432/orders`; the next pool to the same database is `db.example:5432/orders #2`. Free again after {@link freeName},
 * or when `holder` was garbage-collected. It tells neither the user nor the password.
 */
export function takeName(given: PgPoolOptions, hosts: Hosts | undefined, holder: object): string {
  for (const [name, ref] of taken) if (ref.deref() === undefined) taken.delete(name);
  const name = whereTo(given, hosts);
  let free = name;
  for (let number = 2; taken.has(free); number++) free = `${name} #${number}`;
  taken.set(free, new WeakRef(holder));
  return free;
}

/** A pool with this name has ended. */
export function freeName(name: string): void {
  taken.delete(name);
}

/** What is called so where nothing better can be said. */
const nameless = 'pg';

/** The server or the database has what only a longer text has: it may be a whole connection string, with its password. */
const isPartOfMore = { server: /[\s=@?]|\/\//, database: /[\s=@/:?]/ };

/** What ought to be the user and the password was read as the server: the password has a `/`, a `?` or a `#` in it. */
const isReadAsServer = /:\/\/[^@/?#]*[/?#].*@/s;

function whereTo(
  { connectionString, host, port, user, database, ssl }: PgPoolOptions,
  hosts: Hosts | undefined,
): string {
  if (isReadAsServer.test(connectionString ?? '')) return nameless;
  try {
    // What it reads of the options, and of the environment, is what each client reads. Of TLS it is told no more than whether there is any.
    const where = new ConnectionParameters({
      ...({ connectionString } as object),
      ...{ host, port, user, database },
      ssl: Boolean(ssl),
    });
    const server = hosts?.inWords(where.port) ?? `${bracketed(where.host ?? 'localhost')}:${where.port}`;
    if (isPartOfMore.server.test(server) || isPartOfMore.database.test(where.database ?? '')) return nameless;
    return where.database === undefined ? server : `${server}/${where.database}`;
  } catch {
    // The first open will say what is wrong.
    return nameless;
  }
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
