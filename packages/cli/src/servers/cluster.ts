// Makes a database cluster: initdb, its configuration, its certificate.
import { appendFile, chown, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Certificates, makeCertificates } from './certificates.ts';
import { ServerError } from './errors.ts';
import type { Programs } from './programs.ts';
import type { Place } from './registry.ts';
import { runToEnd } from './run.ts';
import type { ServerUser } from './server-user.ts';
import type { PostgresOptions } from './types.ts';

/**
 * Made for throwaway data: nothing is forced to disk, so that a crash of the machine may spoil it. A killed server loses
 * nothing: what it has written stays with the kernel. That is why synchronous_commit stays on: off, commits of the last
 * 600 ms would wait in the server's own memory; and without fsync it costs next to nothing.
 */
const defaults = {
  fsync: 'off',
  full_page_writes: 'off',
  // Shared memory in files of the data folder: in /dev/shm a killed server would leave it, and containers have little.
  dynamic_shared_memory_type: 'mmap',
};

const fixed = {
  listen_addresses: '127.0.0.1',
  // The path of a socket may have 107 bytes only, which a temp folder can exceed.
  unix_socket_directories: '',
};

/** What a cluster is made with. */
export interface ClusterOptions extends Pick<PostgresOptions, 'tls' | 'auth' | 'settings'> {
  readonly user: string;
  readonly password: string;
}

/** Fills `place.data`; resolves to the certificates, if there is to be TLS. */
export async function createCluster(
  place: Place,
  programs: Programs,
  runAs: ServerUser | undefined,
  options: ClusterOptions,
): Promise<Certificates | undefined> {
  const hosts = ['localhost', '127.0.0.1'];
  const [certificates] = await Promise.all([
    options.tls ? makeCertificates(hosts, { expired: options.tls === 'expired' }) : undefined,
    initialise(place, programs, runAs, options),
  ]);
  if (certificates) {
    await writeFor(runAs, join(place.data, 'server.crt'), certificates.cert);
    await writeFor(runAs, join(place.data, 'server.key'), certificates.key);
  }
  const ssl = certificates ? 'on' : 'off';
  const lines = configuration({ ...defaults, ...options.settings, ...fixed, ssl });
  await appendFile(join(place.data, 'postgresql.conf'), lines);
  return certificates;
}

async function initialise(
  place: Place,
  programs: Programs,
  runAs: ServerUser | undefined,
  options: ClusterOptions,
): Promise<void> {
  // A file, since the arguments of a process can be read by anybody.
  const passwordFile = join(place.folder, 'password');
  try {
    await writeFor(runAs, passwordFile, `${options.password}\n`);
    const auth = options.auth === 'trust' ? 'trust' : 'scram-sha-256';
    const access = [`--username=${options.user}`, `--pwfile=${passwordFile}`, `--auth=${auth}`];
    const content = [`--pgdata=${place.data}`, '--encoding=UTF8', '--no-locale'];
    await runToEnd(programs.initdb, [...access, ...content, '--no-sync', '--no-instructions'], {
      runAs,
      cwd: place.folder,
    });
  } finally {
    await rm(passwordFile, { force: true });
  }
}

/** @throws {ServerError} `INVALID_OPTIONS`, naming every setting that can't be set. */
export function checkSettings(settings: Record<string, string | number>): void {
  const refused = Object.keys(settings).filter(
    (name) => !/^[a-z_][a-z0-9_.]*$/.test(name) || [...Object.keys(fixed), 'port', 'ssl'].includes(name),
  );
  if (refused.length === 0) return;
  throw new ServerError(
    'INVALID_OPTIONS',
    `These settings are not names that PostgreSQL knows, or not a caller's to set: ${refused.join(', ')}. ` +
      'Use the options "port" and "tls" for the port and TLS.',
  );
}

function configuration(settings: Record<string, string | number>): string {
  const lines = Object.entries(settings).map(
    ([name, value]) => `${name} = '${String(value).replaceAll("'", "''")}'`,
  );
  return `\n${lines.join('\n')}\n`;
}

/** Writes a file that only the user of the server can read. */
export async function writeFor(runAs: ServerUser | undefined, file: string, text: string): Promise<void> {
  await writeFile(file, text, { mode: 0o600, flag: 'wx' });
  if (runAs) await chown(file, runAs.uid, runAs.gid);
}
