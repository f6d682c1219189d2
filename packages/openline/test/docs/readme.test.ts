// Every JavaScript snippet of the README is run as it stands.

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type PostgresServer, startPostgres } from 'openline-cli/servers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const packageFolder = fileURLToPath(new URL('../../', import.meta.url));
const readme = await readFile(new URL('../../../../README.md', import.meta.url), 'utf8');
const snippets = [...readme.matchAll(/```js\n(.*?)```/gs)].map((match) => match[1]!);

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

  it('has as many snippets as are known here', () => {
    expect(snippets).toHaveLength(expectedOutput.length);
  });

  it.each(expectedOutput.map((output, index) => ({ output, index })))(
    'runs snippet $index',
    async ({ output, index }) => {
      const file = join(folder, `snippet-${index}.mjs`);
      await writeFile(file, snippets[index]!);
      const { stdout } = await promisify(execFile)(process.execPath, [file], {
        env: { ...process.env, DATABASE_URL: server.connectionString() },
        timeout: 20_000,
      });
      expect(stdout).toBe(output);
    },
  );
});
