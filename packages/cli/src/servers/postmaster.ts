// Starts the server process of a cluster, and knows when it accepts connections.
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { endAtOnce } from './ending.ts';
import { ServerError } from './errors.ts';
import { identify, type ProcessIdentity } from './processes.ts';
import type { Programs } from './programs.ts';
import { type Place, remember } from './registry.ts';
import { launch, notSpawned, runToEnd } from './run.ts';
import type { ServerUser } from './server-user.ts';
import { until } from './waiting.ts';

const START_MS = 30_000;
const ORPHANS_MS = 10_000;
/** A killed process is a zombie until its parent, or the system's first process, has looked. */
const BURIAL_MS = 2_000;

/** What does not change between the starts of a server. */
export interface PostmasterOptions {
  readonly place: Place;
  readonly programs: Programs;
  readonly runAs: ServerUser | undefined;
}

/**
 * Starts the server on a port; resolves once it accepts connections. If a postmaster before it was killed alone, its
 * backends are waited for: each goes when its statement ends, and PostgreSQL refuses to start while one is left.
 *
 * @throws {ServerError} `START_FAILED` with the end of its log, `NOT_RUNNABLE` if it can't be spawned.
 */
export async function startPostmaster(options: PostmasterOptions, port: number): Promise<ProcessIdentity> {
  const end = performance.now() + ORPHANS_MS;
  for (;;) {
    try {
      return await startOnce(options, port);
    } catch (error) {
      const isOccupied = (error as Error).message.includes('pre-existing shared memory block');
      if (!isOccupied || performance.now() > end) throw error;
      await delay(100);
    }
  }
}

async function startOnce(options: PostmasterOptions, port: number): Promise<ProcessIdentity> {
  const { place, programs, runAs } = options;
  await removeMisleadingLock(place.data);
  // A file and not a pipe: a full pipe would block the server whenever this process is busy or stopped.
  const output = openSync(place.log, 'w', 0o600);
  const args = ['-D', place.data, '-p', String(port)];
  const child = launch(programs.postgres, args, { runAs, cwd: place.folder, output });
  closeSync(output);
  let failure: Error | undefined;
  let isOver = false;
  child.once('error', (error) => {
    failure = notSpawned(programs.postgres, runAs, error);
    isOver = true;
  });
  child.once('exit', () => {
    isOver = true;
  });
  // A server that somebody forgets must not keep the process from ending.
  child.unref();
  const postmaster = child.pid === undefined ? undefined : identify(child.pid);
  if (postmaster) remember(place, { server: postmaster, port });
  const inTime = await until(() => isOver || isReady(place.data, child.pid), START_MS);
  if (postmaster && inTime && !isOver) return postmaster;
  if (postmaster) await endAtOnce(postmaster);
  remember(place, { port });
  throw failure ?? notStarted(place.log, inTime);
}

/**
 * Runs a killed cluster once without listening: PostgreSQL itself then frees the segment of System V shared memory which
 * it had; left behind, they add up to the system's limit.
 */
export async function recover(options: PostmasterOptions, database: string): Promise<void> {
  const { place, programs, runAs } = options;
  await runToEnd(programs.postgres, ['--single', '-D', place.data, database], { runAs, cwd: place.folder });
}

/** The eighth line of the lock file holds the state, as pg_ctl reads it; an older file names another process. */
function isReady(data: string, pid: number | undefined): boolean {
  const lines = readLock(data);
  return lines[0] === String(pid) && lines[7]?.trim() === 'ready';
}

/**
 * A lock file of a dead server is PostgreSQL's own to judge: it holds what is needed to free the shared memory. Only where its process id
 * belongs to somebody else by now, or to a zombie that nobody buries, would PostgreSQL refuse to start.
 */
async function removeMisleadingLock(data: string): Promise<void> {
  const pid = Number(readLock(data)[0]);
  if (!(pid > 0)) return;
  if (identify(pid) === undefined && (await until(() => !isTaken(pid), BURIAL_MS))) return;
  rmSync(join(data, 'postmaster.pid'), { force: true });
}

/** Whether the system still knows a process id, as PostgreSQL asks it: zombies count. */
function isTaken(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function readLock(data: string): string[] {
  try {
    return readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return [];
  }
}

function notStarted(log: string, ended: boolean): ServerError {
  const what = ended ? 'ended while it started' : `was not ready within ${START_MS / 1000} s`;
  const tail = readFileSync(log, 'utf8').trim().split('\n').slice(-10).join('\n');
  return new ServerError('START_FAILED', `PostgreSQL ${what}. The end of its log:\n${tail}`);
}
