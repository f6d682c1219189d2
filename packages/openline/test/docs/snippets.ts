// The JavaScript snippets of a page, run as they stand.
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

interface Running {
  /** Where they are written to: `openline` must resolve from there. Made by the time that the first one runs. */
  readonly folder: () => string;
  /** Options of Node's own. */
  readonly nodeOptions?: readonly string[];
  readonly env?: () => NodeJS.ProcessEnv;
  readonly timeoutMs?: number;
  /** Nothing may be said on stderr. */
  readonly isQuiet?: boolean;
}

/** Tests that the snippets of a page are as many as these outputs, and that each prints its own. */
export function itRunsSnippets(
  page: string,
  outputs: readonly string[],
  { folder, nodeOptions = [], env, timeoutMs = 20_000, isQuiet = false }: Running,
): void {
  const snippets = [...page.matchAll(/```js\n(.*?)```/gs)].map((match) => match[1]!);

  it('are as many as are known here', () => {
    expect(snippets).toHaveLength(outputs.length);
  });

  it.each(outputs.map((output, index) => ({ output, index })))(
    'run as they stand: $index',
    async ({ output, index }) => {
      const file = join(folder(), `snippet-${index}.mjs`);
      await writeFile(file, snippets[index]!);
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [...nodeOptions, file], {
        env: env?.() ?? process.env,
        timeout: timeoutMs,
      });
      expect(stdout).toBe(output);
      if (isQuiet) expect(stderr).toBe('');
    },
  );
}
