// Completes an unpacked package of PostgreSQL programs: npm keeps no symbolic links, and may drop the right to execute.
import { accessSync, chmodSync, constants, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const programs = ['postgres', 'initdb'] as const;

/**
 * Does what the package's install script (`hydrate-symlinks.js`) does, which npm runs only where scripts are allowed.
 * @returns whether all is in place now: the folder may be read-only, or somebody else's.
 */
export function repair(folder: string): boolean {
  try {
    for (const link of missingLinks(folder)) linkUnlessThere(link.target, link.path);
    for (const program of programs) {
      const file = join(folder, 'native/bin', program);
      if (!isExecutable(file)) chmodSync(file, 0o755);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EPERM' && code !== 'EROFS') throw error;
  }
  return (
    missingLinks(folder).length === 0 &&
    programs.every((name) => isExecutable(join(folder, 'native/bin', name)))
  );
}

function missingLinks(folder: string): { path: string; target: string }[] {
  const list = join(folder, 'native/pg-symlinks.json');
  if (!existsSync(list)) return [];
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  return links
    .map(({ source, target }) => ({ path: join(folder, target), target: relative(dirname(target), source) }))
    .filter(({ path }) => !existsSync(path));
}

function linkUnlessThere(target: string, path: string): void {
  try {
    symlinkSync(target, path);
  } catch (error) {
    // Another process may be doing the same.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
