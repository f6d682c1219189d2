// Versions of the contenders, as this workspace pins them.

import { readFileSync } from 'node:fs';

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
}

const manifest: Manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

export function versionOf(dependency: string): string | undefined {
  return manifest.dependencies[dependency];
}
