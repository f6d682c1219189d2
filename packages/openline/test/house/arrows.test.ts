// Proves that the check of the arrows between folders catches what it is there for.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkArrows, importsOf } from '../../../../scripts/check-arrows.mjs';

let house: string;

function plant(file: string, source: string): void {
  const place = path.join(house, file);
  mkdirSync(path.dirname(place), { recursive: true });
  writeFileSync(place, source);
}

const plantInLibrary = (file: string, source: string): void => plant(`packages/openline/src/${file}`, source);

const reported = (): string[] => checkArrows(house).map(({ file, line, text }) => `${file}:${line} ${text}`);

beforeEach(() => {
  house = mkdtempSync(path.join(tmpdir(), 'openline-arrows-'));
  const exports = { '.': './dist/core/index.js', './pg': './dist/pg/index.js' };
  plant('packages/openline/package.json', JSON.stringify({ name: 'openline', exports }));
  plant('packages/cli/package.json', JSON.stringify({ name: 'openline-cli' }));
  plant('bench/package.json', JSON.stringify({ name: 'openline-bench' }));
});

afterEach(() => rmSync(house, { recursive: true }));

describe('the arrows between folders', () => {
  it('hold in this repository', () => {
    expect(checkArrows(path.resolve(import.meta.dirname, '../../../..'))).toEqual([]);
  });

  it('let an adapter import the index of core, its driver, and itself', () => {
    plantInLibrary('core/index.ts', "export { monotonic } from './clock.ts';\n");
    plantInLibrary('core/clock.ts', "import { performance } from 'node:perf_hooks';\n");
    plantInLibrary('pg/index.ts', "import pg from 'pg';\nimport type { X } from '../core/index.ts';\n");
    plantInLibrary('pg/connector.ts', "import { connect } from './index.ts';\nimport 'pg/lib/type.js';\n");
    plant(
      'packages/cli/src/main.ts',
      "import { Pool } from 'openline/pg';\nimport { own } from './own.ts';\n",
    );
    expect(reported()).toEqual([]);
  });

  it.each([
    ['core/a.ts', "import pg from 'pg';", 'core may not import pg'],
    ['core/a.ts', "import { x } from '../testing/index.ts';", 'core may not import testing'],
    ['pg/a.ts', "import { x } from '../core/slot.ts';", 'pg may import core only through its index.ts'],
    ['pg/a.ts', "import { x } from '../mysql/index.ts';", 'pg may not import mysql'],
    ['pg/a.ts', "import type { Pool } from 'mysql2';", 'pg may not import mysql2'],
    ['pg/a.ts', "export * from 'pg-protocol';", 'pg may not import pg-protocol'],
    ['pg/a.ts', "import { x } from 'openline-cli/servers';", 'pg may not import openline-cli/servers'],
    ['insight/a.ts', "const later = await import('../pg/index.ts');", 'insight may not import pg'],
    [
      'testing/a.ts',
      "import { x } from '../../../../bench/src/fifo.ts';",
      "testing may not import ../../../../bench/src/fifo.ts, which is outside the library's src",
    ],
    [
      'new/a.ts',
      "import { x } from 'node:fs';",
      'folder new has no arrows yet: give it some in check-arrows.mjs',
    ],
    ['loose.ts', "import { x } from 'node:fs';", 'stands in no folder of src'],
  ])('refuse in %s the line %s', (file, source, text) => {
    plantInLibrary(file, `// Why it is here.\n\n${source}\n`);
    expect(reported()).toEqual([`packages/openline/src/${file}:3 ${text}`]);
  });

  it('refuse the library to others but by its public entries', () => {
    plant('packages/cli/src/main.ts', "import { Slot } from '../../openline/src/core/slot.ts';\n");
    plant('bench/src/main.ts', "import { Slot } from 'openline/core/slot.js';\n");
    expect(reported()).toEqual([
      'packages/cli/src/main.ts:1 ../../openline/src/core/slot.ts leaves the package; use what it exports',
      'bench/src/main.ts:1 openline/core/slot.js is no public entry of openline (openline, openline/pg)',
    ]);
  });

  it('go round in no circle, types aside', () => {
    plantInLibrary('core/slot.ts', "import { a } from './lease.ts';\n");
    plantInLibrary('core/lease.ts', "import type { S } from './slot.ts';\nimport { b } from './pool.ts';\n");
    plantInLibrary('core/pool.ts', "import {\n  c,\n  d,\n} from './slot.ts';\n");
    expect(reported()).toEqual([
      'packages/openline/src/core/slot.ts:1 circular import: lease.ts → pool.ts → slot.ts → lease.ts',
    ]);
  });
});

describe('the reader of imports', () => {
  it('takes no example in a comment for an import', () => {
    const source = "/**\n * import { Pool } from 'openline/pg';\n */\n// const x = import('pg');\n";
    expect(importsOf(source)).toEqual([]);
  });

  it('reads every form', () => {
    const source = [
      "import a from 'a';",
      "import b, { c } from 'b';",
      "import * as d from 'd';",
      "import 'e';",
      "export * from 'f';",
      "export * as g from 'g';",
      "export { h } from 'h';",
      "export type { I } from 'i';",
      "  const j = require('j');",
      'export const from = 1;',
    ].join('\n');
    expect(importsOf(source).map(({ specifier }) => specifier)).toEqual([...'abdefghij']);
  });
});
