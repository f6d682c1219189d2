// The page on telemetry: its snippets run as they stand, its tables name every metric and every line.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { definitions } from '../../src/telemetry/definitions.ts';
import { itRunsSnippets } from './snippets.ts';
import { tableOf } from './table.ts';

const packageFolder = fileURLToPath(new URL('../../', import.meta.url));
const page = await readFile(new URL('../../../../docs/telemetry.md', import.meta.url), 'utf8');
const databaseMetrics = Object.values(definitions)
  .map(({ name }) => name)
  .filter((name) => name.startsWith('db.'));

const expectedOutput = [
  'idle 1\nused 0\n',
  databaseMetrics.map((name) => `${name}\n`).join(''),
  'db_client_connection_max{db_client_connection_pool_name="orders"} 10\n',
  'traced\n',
  'pool "orders": lease overdue 1\npool "orders": overdue lease returned 1\n',
];

describe('the snippets', () => {
  let folder: string;

  beforeAll(async () => {
    // Below the package, so that its own name resolves to it.
    folder = await mkdtemp(join(packageFolder, 'dist', 'telemetry-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  itRunsSnippets(page, expectedOutput, { folder: () => folder });
});

describe('the tables', () => {
  it('name every metric with its kind and unit', () => {
    const told = tableOf(page, 'metric').map(([name, kind, unit]) => ({ name, kind, unit }));
    expect(told).toEqual(Object.values(definitions).map(({ name, kind, unit }) => ({ name, kind, unit })));
  });

  it('name every line of the log with its level, and what it says', async () => {
    const source = await readFile(new URL('../../src/telemetry/log.ts', import.meta.url), 'utf8');
    const written = [...source.matchAll(/#write\('(\w+)', \w+, '([\w ]+)'/g)].map(([, ...line]) => line);
    const told = tableOf(page, 'level').map(([level, line]) => [level, line]);
    const sorted = (lines: unknown[]): string[] => lines.map((line) => JSON.stringify(line)).sort();
    expect(written).not.toEqual([]);
    expect(sorted(told)).toEqual(sorted(written));
  });
});
