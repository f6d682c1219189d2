// Every JavaScript snippet of the README is run as it stands.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type PostgresServer, startPostgres } from 'openline-cli/servers';
import { afterAll, beforeAll, describe } from 'vitest';
import { itRunsSnippets } from './snippets.ts';

const packageFolder = fileURLToPath(new URL('../../', import.meta.url));
const readme = await readFile(new URL('../../../../README.md', import.meta.url), 'utf8');

const expectedOutput = [
  '42\n',
  'order 500542\n',
  'price of apples\nUND_ERR_HEADERS_TIMEOUT 500\n',
  'ready!\n2 0\n',
  '200 text/html; charset=utf-8\n',
  '',
];

describe('the README', () => {
  let server: PostgresServer;
  let folder: string;

  beforeAll(async () => {
    server = await startPostgres();
    // Below the package, so that its own name resolves to it.
    folder = await mkdtemp(join(packageFolder, 'dist', 'readme-'));
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
    await server?.stop();
  });

  itRunsSnippets(readme, expectedOutput, {
    folder: () => folder,
    env: () => ({ ...process.env, DATABASE_URL: server.connectionString() }),
  });
});
