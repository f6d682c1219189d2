// Programs that npm or a person left in a state in which they can't be used as they are. A tiny package stands in for
// the real one of 60 MB: its "postgres" runs only if the link to its library is there.
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PlatformPackage } from '../../src/servers/platform-package.ts';
import { type Programs, preparePrograms } from '../../src/servers/programs.ts';
import { serverUser } from '../../src/servers/server-user.ts';

const isRoot = process.getuid?.() === 0;

let folder: string;
let source: PlatformPackage;
let steps: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'openline-programs-'));
  chmodSync(folder, 0o755);
  source = { folder: join(folder, 'package'), key: 'tiny-1.0.0' };
  steps = [];
  put('native/bin/postgres', '#!/bin/sh\ntest -f "$(dirname "$0")/../lib/libtiny.so.1"\n', 0o755);
  put('native/bin/initdb', '#!/bin/sh\n', 0o644);
  put('native/lib/libtiny.so.1.2', 'a library', 0o755);
  put('native/share/postgresql/postgres.bki', 'data', 0o644);
  put('native/share/postgresql/timezonesets/Default', 'more data', 0o644);
  const links = [{ source: 'native/lib/libtiny.so.1.2', target: 'native/lib/libtiny.so.1' }];
  put('native/pg-symlinks.json', JSON.stringify(links), 0o644);
});

afterEach(() => {
  chmodSync(join(source.folder, 'native/lib'), 0o755);
  rmSync(folder, { recursive: true });
});

function put(path: string, text: string, mode: number): void {
  const file = join(source.folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, mode);
}

function prepare(): Promise<Programs> {
  return preparePrograms(source, serverUser(), folder, (step) => steps.push(step));
}

// What only root, or only an ordinary user, can meet is no test for the other.
const itAsRoot = isRoot ? it : () => undefined;
const itAsUser = isRoot ? () => undefined : it;

describe('programs', () => {
  it('are used where they are, after making the links and rights that npm did not', async () => {
    const { postgres, initdb } = await prepare();
    expect(postgres).toBe(join(source.folder, 'native/bin/postgres'));
    expect(lstatSync(join(source.folder, 'native/lib/libtiny.so.1')).isSymbolicLink()).toBe(true);
    expect(lstatSync(initdb).mode & 0o777).toBe(0o755);
    expect(steps).toEqual([]);
  });

  itAsUser('are copied when links are missing and nothing can be written there', async () => {
    chmodSync(join(source.folder, 'native/lib'), 0o555);
    const { postgres } = await prepare();
    expect(postgres).toBe(join(folder, 'programs/tiny-1.0.0/native/bin/postgres'));
  });

  itAsRoot('are copied, once, from where the user of the server can’t reach them', async () => {
    chmodSync(source.folder, 0o700);
    const { postgres } = await prepare();
    expect(postgres).toBe(join(folder, 'programs/tiny-1.0.0/native/bin/postgres'));
    await prepare();
    expect(steps).toEqual(['Copying the programs of PostgreSQL to the temp folder']);
  });

  itAsRoot('are copied again when a cleaner of temp folders has removed one file', async () => {
    chmodSync(source.folder, 0o700);
    const { postgres } = await prepare();
    const lost = join(dirname(postgres), '../share/postgresql/timezonesets/Default');
    rmSync(lost);
    await prepare();
    expect(existsSync(lost)).toBe(true);
  });

  itAsRoot('are whole for everyone when many copy at the same time', async () => {
    chmodSync(source.folder, 0o700);
    const all = await Promise.all([prepare(), prepare(), prepare(), prepare()]);
    expect(new Set(all.map(({ initdb }) => initdb)).size).toBe(1);
  });

  it('that can’t run are a clear error, not a crash', async () => {
    put('native/bin/postgres', '#!/no/such/interpreter\n', 0o755);
    await expect(prepare()).rejects.toMatchObject({ code: 'NOT_RUNNABLE' });
    await expect(prepare()).rejects.toThrow('glibc');
    put('native/bin/postgres', '#!/bin/sh\necho a library is missing >&2; exit 127\n', 0o755);
    await expect(prepare()).rejects.toThrow('ended with status 127: a library is missing');
  });
});
