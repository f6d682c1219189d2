// Tells whether any user of this machine can reach a path.
import { statSync } from 'node:fs';
import { dirname } from 'node:path';

const OTHERS_READ = 0o004;
const OTHERS_PASS = 0o001;

/** Whether everyone may pass through this folder and all those above it. */
export function isOpenFolder(folder: string): boolean {
  if (!allows(folder, OTHERS_PASS)) return false;
  const parent = dirname(folder);
  return parent === folder || isOpenFolder(parent);
}

/** Whether everyone may read this file or list this folder, and pass through the folders above it. */
export function isReadableByAll(path: string): boolean {
  return isOpenFolder(dirname(path)) && allows(path, OTHERS_READ);
}

/** Whether everyone may run this file. */
export function isRunnableByAll(file: string): boolean {
  return isOpenFolder(dirname(file)) && allows(file, OTHERS_READ | OTHERS_PASS);
}

function allows(path: string, bits: number): boolean {
  try {
    return (statSync(path).mode & bits) === bits;
  } catch {
    return false;
  }
}
