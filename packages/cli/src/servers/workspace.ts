// The one folder, of this user alone, under which servers keep their data, their records and copied programs.
import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ServerError } from './errors.ts';
import { isOpenFolder } from './reachable.ts';
import { serverUser } from './server-user.ts';

/** Makes sure that the folder is there and nobody else's, and gives its path. */
export function workspace(): string {
  const folder = join(parentFolder(), `openline-servers-${process.getuid?.() ?? 'user'}`);
  const mode = serverUser() === undefined ? 0o700 : 0o711;
  try {
    mkdirSync(folder, { mode });
    chmodSync(folder, mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  // Its name can be guessed: programs must not be run from a folder that another user has put there.
  const found = lstatSync(folder);
  if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o022) !== 0) {
    throw new ServerError(
      'NOT_RUNNABLE',
      `${folder} is not a folder of this user alone. Remove it, or set TMPDIR.`,
    );
  }
  return folder;
}

/** The temp folder; as root, one that the unprivileged user of the servers can pass through as well. */
function parentFolder(): string {
  if (serverUser() === undefined) return resolve(tmpdir());
  const candidates = [resolve(tmpdir()), '/tmp', '/var/tmp'];
  const open = candidates.find(isOpenFolder);
  if (open !== undefined) return open;
  throw new ServerError(
    'NOT_RUNNABLE',
    `As root, PostgreSQL needs a temp folder that other users can pass through; none of ${candidates.join(', ')} is one. ` +
      'Set TMPDIR to such a folder.',
  );
}
