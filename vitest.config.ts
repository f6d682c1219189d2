// Two kinds of test: `unit` needs no server and runs in parallel; `integration` starts real servers, one file at a time.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Each package's public entries as sources, so that a test never meets a second, compiled copy of a module. */
function sourceAliases(folder: string): { find: RegExp; replacement: string }[] {
  const { name, exports } = JSON.parse(readFileSync(at(`${folder}/package.json`), 'utf8'));
  const entries = Object.entries<{ default?: string }>(exports).filter(
    ([, entry]) => entry.default !== undefined,
  );
  return entries.map(([subpath, entry]) => ({
    find: new RegExp(`^${name}${subpath.slice(1)}$`),
    replacement: at(`${folder}/${entry.default?.replace('./dist/', 'src/').replace(/\.js$/, '.ts')}`),
  }));
}

const integration = [
  'packages/openline/test/{pg,mysql,redis,http,dashboard,faults,conformance,docs}/**/*.test.ts',
  'packages/cli/test/**/*.test.ts',
  'bench/test/**/*.test.ts',
];

export default defineConfig({
  resolve: { alias: [...sourceAliases('packages/openline'), ...sourceAliases('packages/cli')] },
  test: {
    pool: 'forks',
    execArgv: ['--expose-gc'],
    dangerouslyIgnoreUnhandledErrors: false,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['packages/*/test/**/*.test.ts'],
          exclude: integration,
          testTimeout: 10_000,
          hookTimeout: 10_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: integration,
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
