// Checks the packages as they would be published: packed, linted, weighed, installed elsewhere, type-checked and loaded.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const temp = fs.mkdtempSync(path.join(os.tmpdir(), 'openline-package-'));
process.on('exit', () => fs.rmSync(temp, { recursive: true, force: true }));

/** @type {string[]} */
const failures = [];

/**
 * Runs one check under a heading; a failing one is remembered, and the others run all the same.
 * @param {string} title @param {() => boolean} check
 */
function step(title, check) {
  process.stdout.write(`\n── ${title}\n`);
  if (!check()) failures.push(title);
}

/** @param {string} command @param {string[]} args */
function run(command, args, cwd = root) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
  if (error) process.stderr.write(`${command}: ${error.message}\n`);
  return status === 0;
}

/** @param {string} tool a command of node_modules @param {string[]} args */
const runTool = (tool, args, cwd = root) => run(path.join(root, 'node_modules', '.bin', tool), args, cwd);

/** @param {string} file */
const readJson = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));

/**
 * By workspace, what must be in its package though tsc did not build it.
 * @type {Record<string, string[]>}
 */
const bundled = {
  openline: ['index.html', 'page.css', 'page.js', 'icon.svg'].map((file) => `dist/dashboard/page/${file}`),
};

/** @param {string} workspace @returns {string} the packed file */
function pack(workspace) {
  const args = ['pack', '--json', '--loglevel=error', '--pack-destination', temp, '--workspace', workspace];
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm pack ${workspace} failed: ${stderr}`);
  /** @type {{ filename: string, size: number, files: { path: string }[] }[]} */
  const [packed] = Object.values(JSON.parse(stdout));
  if (packed === undefined) throw new Error(`npm pack ${workspace} packed nothing`);
  const files = packed.files.map((file) => file.path);
  const missing = (bundled[workspace] ?? []).filter((file) => !files.includes(file));
  if (missing.length > 0) throw new Error(`npm pack ${workspace} packed no ${missing.join(', ')}`);
  process.stdout.write(`${packed.filename}: ${packed.files.length} files, ${packed.size} bytes\n`);
  return path.join(temp, packed.filename);
}

/**
 * Installs the packed library beside its drivers, as a user would, and looks at it from there.
 * @param {string} tarball @param {string} folder
 */
function installConsumer(tarball, folder) {
  const { peerDependencies = {} } = readJson(path.join(root, 'packages/openline/package.json'));
  const drivers = Object.keys(peerDependencies);
  const wanted = ['@types/node', ...drivers, ...drivers.map((driver) => `@types/${driver}`)];
  const pinned = wanted.flatMap((name) => {
    const manifest = path.join(root, 'node_modules', name, 'package.json');
    return fs.existsSync(manifest) ? [`${name}@${readJson(manifest).version}`] : [];
  });
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  const flags = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts', '--prefer-offline'];
  return run('npm', ['install', '--loglevel=error', ...flags, tarball, ...pinned], folder);
}

/** @param {string} folder @param {string[]} entries @param {Record<string, string>} resolution */
function typeCheck(folder, entries, resolution) {
  const consumer = path.join(root, 'packages/openline/test/types/consumer.ts');
  fs.copyFileSync(consumer, path.join(folder, 'consumer.ts'));
  const everything = entries.map((entry, index) => `export * as entry${index} from '${entry}';\n`);
  fs.writeFileSync(path.join(folder, 'entries.ts'), everything.join(''));
  const compilerOptions = {
    target: 'ES2022',
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    types: ['node'],
    ...resolution,
  };
  fs.writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
  return runTool('tsc', ['-p', folder], folder);
}

/** @param {string} folder @param {string[]} entries */
function load(folder, entries) {
  const source = `for (const entry of ${JSON.stringify(entries)}) {
    const names = Object.keys(await import(entry));
    console.log(entry + ': ' + names.length + ' exports');
    if (names.length === 0) process.exitCode = 1;
  }`;
  return run(process.execPath, ['--input-type=module', '--eval', source], folder);
}

const { exports } = readJson(path.join(root, 'packages/openline/package.json'));
const entries = Object.keys(exports)
  .filter((subpath) => !subpath.endsWith('.json'))
  .map((subpath) => `openline${subpath.slice(1)}`);

const attwFlags = ['--profile', 'esm-only', '--no-definitely-typed', '--no-summary', '--no-emoji'];

for (const workspace of ['openline', 'openline-cli']) {
  process.stdout.write(`\n── pack ${workspace}\n`);
  const tarball = pack(workspace);
  step(`publint ${workspace}`, () => runTool('publint', ['run', tarball, '--strict']));
  step(`are the types wrong: ${workspace}`, () => runTool('attw', [tarball, ...attwFlags]));
  if (workspace !== 'openline') continue;
  const folder = path.join(temp, 'consumer');
  step('install in an empty project', () => installConsumer(tarball, folder));
  step('types of every entry, with NodeNext', () => typeCheck(folder, entries, { module: 'NodeNext' }));
  const bundler = { module: 'ESNext', moduleResolution: 'bundler' };
  step('types of every entry, with a bundler', () => typeCheck(folder, entries, bundler));
  step('load every entry', () => load(folder, entries));
}
step('size', () => runTool('size-limit', []));

process.stdout.write(
  failures.length === 0 ? '\nThe packages are sound.\n' : `\nFailed: ${failures.join('; ')}\n`,
);
process.exitCode = failures.length === 0 ? 0 : 1;
