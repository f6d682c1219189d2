// What the tests of the servers share: a query over a connection of its own, and a Node process that owns a server.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { PostgresServer } from '../../src/servers/index.ts';

const sources = fileURLToPath(new URL('../../src/servers/', import.meta.url));

/** Connects, queries, and disconnects. */
export async function query(
  server: PostgresServer,
  text: string,
  config: pg.ClientConfig = {},
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({
    connectionString: server.connectionString(),
    ssl: server.ca === undefined ? false : { ca: server.ca },
    connectionTimeoutMillis: 5_000,
    ...config,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query(text)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** A Node process that has run a piece of code, with `startPostgres` in scope, up to its first `console.log`. */
export interface Owner {
  /** What it logged, parsed as JSON. */
  readonly said: { pid: number; port: number };
  /** Ends it with a signal, or waits for its end without one; resolves when it is gone. */
  end(signal?: NodeJS.Signals): Promise<void>;
}

/** Runs `code` on sources compiled by {@link compileSources}. */
export async function runOwner(folder: string, code: string): Promise<Owner> {
  const script = `import { startPostgres } from './index.js';\n${code}\n`;
  const options = ['--input-type=module', '--eval', script];
  const child = spawn(process.execPath, options, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaints += chunk.toString();
  });
  const line = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve);
    child.once('close', () => reject(new Error(`The owner ended without a word. ${complaints}`)));
  });
  return {
    said: JSON.parse(line) as Owner['said'],
    async end(signal) {
      if (signal) child.kill(signal);
      await gone;
    },
  };
}

/** Compiles the sources, since Node 20 runs no TypeScript, below node_modules, so that their dependencies resolve. */
export function compileSources(): string {
  const modules = nearestModules(dirname(sources));
  const cache = join(modules, '.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'servers-'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const files = readdirSync(sources).map((name) => join(sources, name));
  const options =
    '--ignoreConfig --target ES2023 --module nodenext --types node --rewriteRelativeImportExtensions';
  const compiler = join(modules, 'typescript/bin/tsc');
  execFileSync(process.execPath, [compiler, ...options.split(' '), '--outDir', folder, ...files]);
  return folder;
}

function nearestModules(folder: string): string {
  const modules = join(folder, 'node_modules');
  return existsSync(join(modules, 'typescript')) ? modules : nearestModules(dirname(folder));
}
