// Gives PostgreSQL programs that the user of the servers can run.
import { join } from 'node:path';
import type { PlatformPackage } from './platform-package.ts';
import { copyPrograms } from './program-cache.ts';
import { isReadableByAll, isRunnableByAll } from './reachable.ts';
import { repair } from './repair.ts';
import { runToEnd } from './run.ts';
import type { ServerUser } from './server-user.ts';

/** Paths of the two programs that make and run a database cluster. */
export interface Programs {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * Uses the package where it is installed if that works, else a copy: as root with a checkout below a private folder
 * (/root, an mkdtemp) the unprivileged user can't reach it, and in somebody else's node_modules it can't be completed.
 *
 * @throws {ServerError} `NOT_RUNNABLE`, with the reason.
 */
export async function preparePrograms(
  source: PlatformPackage,
  runAs: ServerUser | undefined,
  folder: string,
  onProgress: (message: string) => void,
): Promise<Programs> {
  let home = source.folder;
  if (!repair(home) || (runAs && !isUsableByAll(home))) {
    home = await copyPrograms(source, join(folder, 'programs'), onProgress);
  }
  const programs = programsIn(home);
  await runToEnd(programs.postgres, ['--version'], { runAs, cwd: '/' });
  return programs;
}

function programsIn(folder: string): Programs {
  return { initdb: join(folder, 'native/bin/initdb'), postgres: join(folder, 'native/bin/postgres') };
}

/** One file stands for those beside it: npm gives all of them the same rights. */
function isUsableByAll(folder: string): boolean {
  const data = join(folder, 'native/share/postgresql/postgres.bki');
  return Object.values(programsIn(folder)).every(isRunnableByAll) && isReadableByAll(data);
}
