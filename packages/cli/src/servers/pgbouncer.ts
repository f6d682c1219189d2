// Starts a PgBouncer of the system's in front of an embedded PostgreSQL. Its settings: PgBouncer documentation, "pgbouncer.ini".
import { join } from 'node:path';
import { writeFor } from './cluster.ts';
import { ServerError } from './errors.ts';
import { findProgram, startOwnServer } from './own-server.ts';
import type { Place } from './registry.ts';
import type { PostgresServer } from './types.ts';

/** How to start a PgBouncer. */
export interface PgBouncerOptions {
  /** The server behind it, which must run and speak without TLS too. */
  readonly server: PostgresServer;
  /** How long a client keeps a connection of the server. */
  readonly poolMode: 'session' | 'transaction' | 'statement';
  /** Connections to the server for each database and user, from 1; default 2, so that clients share them. */
  readonly poolSize?: number;
  /** Clients at most, from 1; default 100. Further ones are refused. */
  readonly maxClients?: number;
}

/** A PgBouncer of this process's own, on the loopback address only. User, password and databases are those of the server behind it. */
export interface PgBouncer {
  /** Always the loopback address. */
  readonly host: '127.0.0.1';
  /** TCP port. */
  readonly port: number;
  /** Ends it, and every connection through it. Idempotent. */
  stop(): Promise<void>;
}

/** The program, where the system has it: Debian's package is `pgbouncer`. */
export function findPgBouncer(): string | undefined {
  return findProgram('pgbouncer');
}

/**
 * Starts a PgBouncer in front of a server; resolves once it takes connections. It ends with this process, like the server.
 *
 * @throws {ServerError} `NOT_INSTALLED` without the program, `START_FAILED` with the end of its log, `INVALID_OPTIONS`.
 * @example
 * const bouncer = await startPgBouncer({ server, poolMode: 'transaction' });
 * const client = new pg.Client({ host: bouncer.host, port: bouncer.port, user: server.user, password: server.password });
 * await bouncer.stop();
 */
export async function startPgBouncer(options: PgBouncerOptions): Promise<PgBouncer> {
  check(options);
  const program = findPgBouncer();
  if (program === undefined)
    throw new ServerError('NOT_INSTALLED', 'There is no pgbouncer here: apt-get install pgbouncer.');
  const { user, password } = options.server;
  const { ports, stop } = await startOwnServer({
    name: 'PgBouncer',
    file: program,
    ports: 1,
    prepare: (place, runAs) =>
      writeFor(runAs, join(place.folder, 'users.txt'), `${quoted(user)} ${quoted(password)}\n`),
    async configure(place, [port = 0], runAs) {
      const settings = join(place.folder, `pgbouncer-${port}.ini`);
      await writeFor(runAs, settings, configuration(options, port, place));
      return [settings];
    },
  });
  const [port = 0] = ports;
  return { host: '127.0.0.1', port, stop };
}

function configuration(options: PgBouncerOptions, port: number, place: Place): string {
  const { server, poolMode, poolSize = 2, maxClients = 100 } = options;
  const settings = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    // The path of a socket may have 107 bytes only, which a temp folder can exceed.
    unix_socket_dir: '',
    auth_type: 'scram-sha-256',
    auth_file: join(place.folder, 'users.txt'),
    pool_mode: poolMode,
    default_pool_size: poolSize,
    max_client_conn: maxClients,
    ignore_startup_parameters: 'extra_float_digits',
    server_tls_sslmode: 'disable',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  return `[databases]\n* = host=${server.host} port=${server.port}\n\n[pgbouncer]\n${lines.join('\n')}\n`;
}

function check({ poolMode, poolSize = 2, maxClients = 100 }: PgBouncerOptions): void {
  const counts = Object.entries({ poolSize, maxClients });
  const faults = [
    ...(['session', 'transaction', 'statement'].includes(poolMode)
      ? []
      : [`poolMode is ${poolMode}, but may be 'session', 'transaction' or 'statement'`]),
    ...counts
      .filter(([, count]) => !(Number.isInteger(count) && count >= 1))
      .map(([name, count]) => `${name} is ${count}, but must be a whole number from 1`),
  ];
  if (faults.length > 0)
    throw new ServerError('INVALID_OPTIONS', `Cannot start PgBouncer: ${faults.join('; ')}.`);
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
