// Freezes and ends the processes of a server: the postmaster and every child of it.
import { childrenOf, isAlive, isFrozen, type ProcessIdentity } from './processes.ts';
import { until, untilBlocking } from './waiting.ts';

const FREEZE_MS = 500;
const FAST_SHUTDOWN_MS = 10_000;
const IMMEDIATE_SHUTDOWN_MS = 5_000;
const LAST_MOMENT_MS = 2_000;

/** Stops every process where it is; the postmaster first, and for sure, since it could start another child. */
export function freeze(postmaster: ProcessIdentity): void {
  const hasStopped = (one: ProcessIdentity): boolean => isFrozen(one) || !isAlive(one);
  signal(postmaster, 'SIGSTOP');
  untilBlocking(() => hasStopped(postmaster), FREEZE_MS);
  const children = childrenOf(postmaster.pid);
  for (const child of children) signal(child, 'SIGSTOP');
  // One that runs on another processor stops a moment later, and could answer until then.
  untilBlocking(() => children.every(hasStopped), FREEZE_MS);
}

/** Undoes {@link freeze}. */
export function thaw(postmaster: ProcessIdentity): void {
  if (!isAlive(postmaster)) return;
  for (const child of childrenOf(postmaster.pid)) signal(child, 'SIGCONT');
  signal(postmaster, 'SIGCONT');
}

/** SIGKILL for all. A backend left alone would go on with its statement, and hold the shared memory, until it looks up. */
export async function killAll(postmaster: ProcessIdentity): Promise<void> {
  const all = sendKills(postmaster);
  await until(() => !all.some(isAlive), IMMEDIATE_SHUTDOWN_MS);
}

/** Asks first (fast shutdown: sessions are ended, data is written), then insists. */
export async function shutDown(postmaster: ProcessIdentity): Promise<void> {
  thaw(postmaster);
  signal(postmaster, 'SIGINT');
  if (await until(() => !isAlive(postmaster), FAST_SHUTDOWN_MS)) return;
  await endAtOnce(postmaster);
}

/** Ends a server whose data nobody wants; it still gives its shared memory back to the system, unlike after SIGKILL. */
export async function endAtOnce(postmaster: ProcessIdentity): Promise<void> {
  thaw(postmaster);
  signal(postmaster, 'SIGQUIT');
  if (await until(() => !isAlive(postmaster), IMMEDIATE_SHUTDOWN_MS)) return;
  await killAll(postmaster);
}

/** The same without the event loop, for a Node process that is about to end. */
export function endBlocking(postmaster: ProcessIdentity): void {
  thaw(postmaster);
  signal(postmaster, 'SIGQUIT');
  if (untilBlocking(() => !isAlive(postmaster), LAST_MOMENT_MS)) return;
  const all = sendKills(postmaster);
  untilBlocking(() => !all.some(isAlive), LAST_MOMENT_MS);
}

function sendKills(postmaster: ProcessIdentity): ProcessIdentity[] {
  // Frozen, it can't start a child between the look and the kill.
  freeze(postmaster);
  const all = [...childrenOf(postmaster.pid), postmaster];
  for (const one of all) signal(one, 'SIGKILL');
  return all;
}

function signal(target: ProcessIdentity, name: NodeJS.Signals): void {
  if (!isAlive(target)) return;
  try {
    process.kill(target.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
