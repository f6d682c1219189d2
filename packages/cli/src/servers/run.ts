// Spawns a PostgreSQL program as the user of the servers.
import { type ChildProcess, spawn } from 'node:child_process';
import { ServerError } from './errors.ts';
import type { ServerUser } from './server-user.ts';

/** Where and as whom a program runs, and where its output goes. */
export interface RunOptions {
  readonly runAs: ServerUser | undefined;
  /** A folder that the user can enter: it may not be able to enter that of this process. */
  readonly cwd: string;
  /** Standard output and standard error: an open file, or `'pipe'`. */
  readonly output: number | 'pipe';
}

/**
 * Spawns in a session of its own, so that a Ctrl-C in the terminal reaches Node alone, which then decides. Nothing of
 * the environment but PATH is passed on: PGDATA, PGPORT, LD_LIBRARY_PATH or a time zone would change what runs.
 */
export function launch(program: string, args: string[], options: RunOptions): ChildProcess {
  const { PATH = '/usr/bin:/bin' } = process.env;
  return spawn(program, args, {
    cwd: options.cwd,
    detached: true,
    env: { PATH, LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['ignore', options.output, options.output],
    ...(options.runAs && { uid: options.runAs.uid, gid: options.runAs.gid }),
  });
}

/**
 * Runs to the end; resolves to what was printed.
 * @throws {ServerError} `NOT_RUNNABLE` when it cannot be spawned or exits with another status than 0.
 */
export function runToEnd(
  program: string,
  args: string[],
  options: Omit<RunOptions, 'output'>,
): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = '';
    const child = launch(program, args, { ...options, output: 'pipe' });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        printed += chunk;
      });
    }
    child.once('error', (error) => reject(notSpawned(program, options.runAs, error)));
    child.once('close', (status, signal) => {
      if (status === 0) return resolve(printed);
      reject(
        new ServerError(
          'NOT_RUNNABLE',
          `${program} ended with ${signal ?? `status ${status}`}: ${printed.trim()}`,
        ),
      );
    });
  });
}

/** Says why a spawn failed. */
export function notSpawned(program: string, runAs: ServerUser | undefined, error: Error): ServerError {
  const who = runAs ? ` as user "${runAs.name}"` : '';
  const hint = hints[(error as NodeJS.ErrnoException).code ?? ''] ?? '';
  return new ServerError('NOT_RUNNABLE', `Cannot run ${program}${who}: ${error.message}.${hint}`, {
    cause: error,
  });
}

const hints: Partial<Record<string, string>> = {
  ENOENT: ' If the file is there, its loader is not: these programs need glibc, and Alpine Linux has musl.',
  EACCES: ' Its folder may be mounted noexec: set TMPDIR to a folder from which programs may be run.',
  EINVAL: ' This process is root without the right to become another user: run it as an ordinary user.',
  EPERM: ' This process is root without the right to become another user: run it as an ordinary user.',
};
