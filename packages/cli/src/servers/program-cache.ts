// Keeps a copy of PostgreSQL's programs where the user of the servers can reach them.
import { chmod, cp, lstat, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ServerError } from './errors.ts';
import type { PlatformPackage } from './platform-package.ts';
import { repair } from './repair.ts';

/** Copies the package (60 MB) below `cache` once; gives the folder of a copy known to be complete. */
export async function copyPrograms(
  source: PlatformPackage,
  cache: string,
  onProgress: (message: string) => void,
): Promise<string> {
  const copy = join(cache, source.key);
  if (await isSame(source.folder, copy)) return copy;
  onProgress('Copying the programs of PostgreSQL to the temp folder');
  await mkdir(cache, { recursive: true });
  await chmod(cache, 0o755);
  const fresh = await mkdtemp(join(cache, `${source.key}-`));
  try {
    await cp(join(source.folder, 'native'), join(fresh, 'native'), {
      recursive: true,
      verbatimSymlinks: true,
    });
    await openToAll(fresh);
    if (!repair(fresh))
      throw new ServerError('NOT_RUNNABLE', `The copy of PostgreSQL's programs in ${fresh} is unusable.`);
    await putInPlace(source, fresh, copy);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return copy;
}

/** Renames, so that nobody ever sees half a copy; a running server keeps what it has loaded of a spoilt one. */
async function putInPlace(source: PlatformPackage, fresh: string, copy: string): Promise<void> {
  try {
    await rename(fresh, copy);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
    // Either another process was quicker, or files are missing from an old copy.
    if (await isSame(source.folder, copy)) return;
    const spoilt = `${fresh}-spoilt`;
    await rename(copy, spoilt);
    await rename(fresh, copy);
    await rm(spoilt, { recursive: true, force: true });
  }
}

/** Cleaners of temp folders remove old files one by one, so names and sizes are compared, not only the folder's. */
async function isSame(source: string, copy: string): Promise<boolean> {
  const [wanted, found] = await Promise.all([contents(source), contents(copy).catch(ignoreMissing)]);
  return found !== undefined && wanted.every((entry, index) => entry === found[index]) && repair(copy);
}

async function contents(folder: string): Promise<string[]> {
  const native = join(folder, 'native');
  const names = (await readdir(native, { recursive: true })).sort();
  const entries = await Promise.all(
    names.map(async (name) => {
      const found = await lstat(join(native, name));
      return found.isFile() ? [`${name} ${found.size}`] : [];
    }),
  );
  return entries.flat();
}

async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const inBin = entry.parentPath.endsWith('/bin');
    await chmod(join(entry.parentPath, entry.name), entry.isDirectory() || inBin ? 0o755 : 0o644);
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
