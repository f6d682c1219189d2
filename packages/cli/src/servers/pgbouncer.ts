// Starts a PgBouncer of the system's in front of an embedded PostgreSQL. Its settings: PgBouncer documentation, "pgbouncer.ini".
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { endServersAtExit } from './at-exit.ts';
import { writeFor } from './cluster.ts';
import { endAtOnce } from './ending.ts';
import { ServerError } from './errors.ts';
import { choosePort, isFree, isRefused } from './ports.ts';
import { identify, type ProcessIdentity } from './processes.ts';
import { claimPlace, listServers, type Place, remember, removePlace } from './registry.ts';
import { launch, notSpawned } from './run.ts';
import { type ServerUser, serverUser } from './server-user.ts';
import { sweepLeftovers } from './sweep.ts';
import type { PostgresServer } from './types.ts';
import { until } from './waiting.ts';
import { workspace } from './workspace.ts';

const START_MS = 10_000;
const PORT_ATTEMPTS = 5;

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
  // An ordinary user's PATH may lack the folder of the system's servers.
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  return folders.map((folder) => join(folder, 'pgbouncer')).find((file) => existsSync(file));
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
  const runAs = serverUser();
  const folder = workspace();
  await sweepLeftovers(folder, () => undefined);
  endServersAtExit();
  const place = claimPlace(folder, runAs);
  try {
    const { user, password } = options.server;
    await writeFor(runAs, join(place.folder, 'users.txt'), `${quoted(user)} ${quoted(password)}\n`);
    const { port, bouncer } = await startOnSomePort(program, place, runAs, options, folder);
    let ended: Promise<void> | undefined;
    const end = async (): Promise<void> => {
      await endAtOnce(bouncer);
      await removePlace(place);
    };
    return {
      host: '127.0.0.1',
      port,
      stop() {
        ended ??= end();
        return ended;
      },
    };
  } catch (error) {
    await removePlace(place);
    throw error;
  }
}

/** Between the choice of a port and its use another process may take it. */
async function startOnSomePort(
  program: string,
  place: Place,
  runAs: ServerUser | undefined,
  options: PgBouncerOptions,
  folder: string,
): Promise<{ port: number; bouncer: ProcessIdentity }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await choosePort(new Set(listServers(folder).flatMap(({ record }) => record.port ?? [])));
    const settings = join(place.folder, `pgbouncer-${port}.ini`);
    await writeFor(runAs, settings, configuration(options, port, place));
    try {
      return { port, bouncer: await startOnce(program, settings, place, runAs, port) };
    } catch (error) {
      if (attempt === PORT_ATTEMPTS || (await isFree(port))) throw error;
    }
  }
}

async function startOnce(
  program: string,
  settings: string,
  place: Place,
  runAs: ServerUser | undefined,
  port: number,
): Promise<ProcessIdentity> {
  const output = openSync(place.log, 'w', 0o600);
  const child = launch(program, [settings], { runAs, cwd: place.folder, output });
  closeSync(output);
  let failure: Error | undefined;
  let isOver = false;
  child.once('error', (error) => {
    failure = notSpawned(program, runAs, error);
    isOver = true;
  });
  child.once('exit', () => {
    isOver = true;
  });
  // One that somebody forgets must not keep the process from ending.
  child.unref();
  const bouncer = child.pid === undefined ? undefined : identify(child.pid);
  if (bouncer) remember(place, { server: bouncer, port });
  const inTime = await until(async () => isOver || !(await isRefused(port)), START_MS);
  if (bouncer && inTime && !isOver) return bouncer;
  if (bouncer) await endAtOnce(bouncer);
  remember(place, { port });
  const what = inTime ? 'ended while it started' : `was not ready within ${START_MS / 1000} s`;
  const tail = readFileSync(place.log, 'utf8').trim().split('\n').slice(-10).join('\n');
  throw failure ?? new ServerError('START_FAILED', `PgBouncer ${what}. The end of its log:\n${tail}`);
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
