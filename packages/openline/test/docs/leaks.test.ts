// The page on leaks: its snippets run as they stand, its tables name every event and every value of onLeak.

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { channelNames } from 'openline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveOptions } from '../../src/core/options.ts';
import { capturesPerSecond, favourMs } from '../../src/core/place.ts';
import { leakThresholdMs } from '../../src/http/origin.ts';

const packageFolder = fileURLToPath(new URL('../../', import.meta.url));
const page = await readFile(new URL('../../../../docs/leaks.md', import.meta.url), 'utf8');
const snippets = [...page.matchAll(/```js\n(.*?)```/gs)].map((match) => match[1]!);

const expectedOutput = [
  'connection 1 is held by report\nit is back, late\n',
  'true\n{ leaked: 1 }\n',
  'taken back\nOPENLINE_LEASE\n',
];

/** The first column of the table that is headed so. */
function column(heading: string): string[] {
  const [, rest = ''] = page.split(`\n| ${heading} |`);
  const [lines = ''] = rest.split('\n\n');
  return lines
    .split('\n')
    .slice(2)
    .map((line) => line.split('|')[1]!.trim());
}

describe('the snippets', () => {
  let folder: string;

  beforeAll(async () => {
    // Outside the package, whose own frames are left out of places.
    folder = await realpath(await mkdtemp(join(tmpdir(), 'openline-leaks-')));
    await mkdir(join(folder, 'node_modules'));
    await symlink(packageFolder, join(folder, 'node_modules', 'openline'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('are as many as are known here', () => {
    expect(snippets).toHaveLength(expectedOutput.length);
  });

  it.each(expectedOutput.map((output, index) => ({ output, index })))(
    'run as they stand: $index',
    async ({ output, index }) => {
      const file = join(folder, `snippet-${index}.mjs`);
      await writeFile(file, snippets[index]!);
      const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--expose-gc', file], {
        timeout: 60_000,
      });
      expect({ stdout, stderr }).toEqual({ stdout: output, stderr: '' });
    },
  );
});

it('names every event about leaks', () => {
  const told = column('event').map((name) => name.replaceAll('`', ''));
  expect(told).toEqual(Object.keys(channelNames).filter((name) => /overdue|leaked/i.test(name)));
});

it('names every value of onLeak', () => {
  const told = column('`onLeak`').map((value) => value.match(/'(\w+)'/)?.[1] ?? value);
  expect(told).toEqual(['report', 'reclaim', 'a function']);
  for (const onLeak of ['report', 'reclaim', () => undefined] as const)
    expect(resolveOptions({ onLeak }).onLeak).toBe(onLeak);
  expect(resolveOptions(undefined).onLeak).toBe(told[0]);
});

it('gives the limits that hold', () => {
  expect(page).toContain(
    `(${resolveOptions(undefined).leakThresholdMs / 1_000} s; over HTTP ${leakThresholdMs / 1_000} s`,
  );
  expect(page).toContain(`at most ${capturesPerSecond.toLocaleString('en')} a second`);
  expect(favourMs).toBe(10_000);
});
