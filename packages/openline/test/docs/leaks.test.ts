// The page on leaks: its snippets run as they stand, its tables name every event and every value of onLeak.

import { mkdir, mkdtemp, readFile, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { channelNames } from 'openline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveOptions } from '../../src/core/options.ts';
import { capturesPerSecond, favourMs } from '../../src/core/place.ts';
import { leakThresholdMs } from '../../src/http/origin.ts';
import { itRunsSnippets } from './snippets.ts';
import { tableOf } from './table.ts';

const packageFolder = fileURLToPath(new URL('../../', import.meta.url));
const page = await readFile(new URL('../../../../docs/leaks.md', import.meta.url), 'utf8');

const expectedOutput = [
  'connection 1 is held by report\nit is back, late\n',
  'true\n{ leaked: 1 }\n',
  'taken back\nOPENLINE_LEASE\n',
];

describe('the snippets', () => {
  let folder: string;

  beforeAll(async () => {
    // Outside the package, whose own frames are left out of places.
    folder = await realpath(await mkdtemp(join(tmpdir(), 'openline-leaks-')));
    await mkdir(join(folder, 'node_modules'));
    await symlink(packageFolder, join(folder, 'node_modules', 'openline'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  itRunsSnippets(page, expectedOutput, {
    folder: () => folder,
    nodeOptions: ['--expose-gc'],
    timeoutMs: 60_000,
    isQuiet: true,
  });
});

it('names every event about leaks', () => {
  const told = tableOf(page, 'event').map(([name]) => name);
  expect(told).toEqual(Object.keys(channelNames).filter((name) => /overdue|leaked/i.test(name)));
});

it('names every value of onLeak', () => {
  const told = tableOf(page, '`onLeak`').map(([value = '']) => value.match(/'(\w+)'/)?.[1] ?? value);
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
