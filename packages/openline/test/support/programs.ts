// Small programs that use openline/pg in a process of their own, as its users' programs do.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { afterAll, beforeAll } from 'vitest';

const packageFolder = fileURLToPath(new URL('../../', import.meta.url));

/** How a program ended. */
export interface Ending {
  readonly status: number | null;
  /** What it gave to `tell`. */
  readonly told: readonly unknown[];
  /** From its call of `atEnd` to its exit, in milliseconds; `undefined` when it never came so far. */
  readonly lingeredMs: number | undefined;
  readonly complaints: string;
}

/** Runs programs of one file. */
export interface Programs {
  /** Where the compiled library lies. */
  readonly folder: string;
  /**
   * Runs code to its end. In scope: `pg`, `openline` (the module), `config` (given here), `tell(value)`, `until(condition)`,
   * and `atEnd()`, to be called when nothing is left to do.
   */
  run(code: string, config?: pg.PoolConfig): Promise<Ending>;
}

const preamble = `
  import pg from 'pg';
  import * as openline from './pg/index.js';
  const config = JSON.parse(process.env.PROGRAM_CONFIG);
  const say = (line) => process.stdout.write(JSON.stringify(line) + '\\n');
  const tell = (value) => say({ told: value });
  const until = async (condition) => {
    for (const from = Date.now(); !condition(); await new Promise((resolve) => setTimeout(resolve, 5)))
      if (Date.now() - from > 5_000) throw new Error('not in 5 s: ' + condition);
  };
  const atEnd = () => {
    const from = performance.now();
    process.once('exit', () => say({ lingeredMs: performance.now() - from }));
  };
`;

/** Compiles the library's sources for the programs of this file: Node 20 runs no TypeScript. */
export function givenPrograms(): Programs {
  let folder = '';
  beforeAll(() => {
    folder = compileSources();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return {
    get folder() {
      return folder;
    },
    run: (code, config = {}) => run(folder, code, config),
  };
}

function run(folder: string, code: string, config: pg.PoolConfig): Promise<Ending> {
  const args = ['--input-type=module', '--eval', `${preamble}\n${code}`];
  const env = { ...process.env, PROGRAM_CONFIG: JSON.stringify(config) };
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const told: unknown[] = [];
  let lingeredMs: number | undefined;
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaints += String(chunk);
  });
  createInterface(child.stdout).on('line', (line) => {
    const said = JSON.parse(line) as { told?: unknown; lingeredMs?: number };
    if (said.lingeredMs !== undefined) lingeredMs = said.lingeredMs;
    else told.push(said.told);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, told, lingeredMs, complaints }));
  });
}

/** Below node_modules, so that the driver is found from there. */
function compileSources(): string {
  const modules = nearestModules(packageFolder);
  const cache = join(modules, '.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'openline-'));
  const compiler = join(modules, 'typescript/bin/tsc');
  const output = ['--outDir', folder, '--tsBuildInfoFile', join(folder, 'tsbuildinfo'), '--noCheck'];
  execFileSync(process.execPath, [compiler, '-p', packageFolder, ...output]);
  return folder;
}

function nearestModules(folder: string): string {
  const modules = join(folder, 'node_modules');
  return existsSync(join(modules, 'typescript')) ? modules : nearestModules(dirname(folder));
}
