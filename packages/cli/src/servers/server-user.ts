// Chooses the user a server runs as: PostgreSQL refuses to run as root.
import { execFileSync } from 'node:child_process';
import { ServerError } from './errors.ts';

/** An unprivileged user of this machine. */
export interface ServerUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

let found: ServerUser | undefined;

/**
 * The user to switch to, or `undefined` where this process is not root and needs no switch.
 *
 * It must have an entry in the user database (initdb looks its name up). `nobody` is nearly always there, so that no
 * user has to be created on somebody's machine.
 */
export function serverUser(): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  found ??= lookUp('postgres') ?? lookUp('nobody');
  if (found !== undefined) return found;
  throw new ServerError(
    'NOT_RUNNABLE',
    'PostgreSQL refuses to run as root, and this machine has neither a user "postgres" nor "nobody" to run it as. ' +
      'Create one (useradd --system postgres), or run this as an ordinary user.',
  );
}

function lookUp(name: string): ServerUser | undefined {
  try {
    const [uid, gid] = ['-u', '-g'].map((flag) =>
      Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })),
    );
    return uid && gid !== undefined ? { name, uid, gid } : undefined;
  } catch {
    return undefined;
  }
}
