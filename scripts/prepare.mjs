// Installs and builds what `npm start`, `npm test` and `npm run bench` need, and does nothing when that is done already.
// It runs before anything is installed, so it may import node's own modules only; it writes to stderr only.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const lockFile = path.join(root, '.cache', 'prepare.lock');
const buildStamp = path.join(root, '.cache', 'build.stamp');
const force = process.argv.includes('--force');

/** @param {string} text */
const say = (text) => process.stderr.write(`prepare: ${text}\n`);

/** @param {string} text @returns {never} */
function fail(text) {
  say(text);
  process.exit(1);
}

/** @param {string} file */
const readJson = (file) => JSON.parse(fs.readFileSync(path.join(root, file), 'utf8'));

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  fail(
    `Openline needs Node 20.19 or later, and this is Node ${process.versions.node} (${process.execPath}).`,
  );
}

/**
 * True when node_modules holds what package-lock.json asks for. npm writes down what it installed in
 * node_modules/.package-lock.json, last of all, so `npm install` by hand is recognised and an install cut short is not.
 */
function isInstalled() {
  const wanted = readJson('package-lock.json').packages;
  let installed;
  try {
    installed = readJson('node_modules/.package-lock.json').packages;
  } catch {
    return false;
  }
  for (const [place, entry] of Object.entries(wanted)) {
    if (!place.includes('node_modules/')) continue;
    const found = installed[place];
    if (found === undefined) {
      if (isOptionalHere(entry)) continue;
      return false;
    }
    if (found.version !== entry.version) return false;
    if (entry.integrity !== undefined && found.integrity !== entry.integrity) return false;
    if (!fs.existsSync(path.join(root, place))) return false;
  }
  return Object.keys(installed).every((place) => place in wanted);
}

/** @param {{ optional?: boolean, os?: string[], cpu?: string[], libc?: string[] }} entry */
function isOptionalHere(entry) {
  if (!entry.optional) return false;
  const madeForHere =
    entry.os?.includes(process.platform) && entry.cpu?.includes(process.arch) && !entry.libc;
  return !madeForHere;
}

function install() {
  say('installing dependencies (npm ci)');
  const flags = ['ci', '--include=dev', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
  const npm = process.env['npm_execpath'];
  const [command, args] = npm?.endsWith('.js') ? [process.execPath, [npm, ...flags]] : ['npm', flags];
  const shell = process.platform === 'win32' && command === 'npm';
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], shell });
  if (status !== 0) fail(`npm ci failed${error ? `: ${error.message}` : ''}; nothing was built.`);
}

/** @returns {string[]} the folders that `tsc -b` builds: every workspace */
const projects = () => readJson('package.json').workspaces;

/** @param {string} folder @returns {fs.Dirent[]} */
function filesUnder(folder) {
  if (!fs.existsSync(folder)) return [];
  return fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
}

/** Names what a build depends on by path, size and time of change: another fingerprint means that a build is due. */
function fingerprint() {
  const hash = createHash('sha256');
  /** @param {string} file */
  const add = (file) => {
    const stat = fs.statSync(file);
    hash.update(`${path.relative(root, file)} ${stat.size} ${stat.mtimeMs}\n`);
  };
  for (const file of ['tsconfig.json', 'tsconfig.base.json', 'package-lock.json', 'scripts/bundle-page.mjs'])
    add(path.join(root, file));
  for (const project of projects()) {
    const folder = path.join(root, project);
    add(path.join(folder, 'package.json'));
    add(path.join(folder, 'tsconfig.json'));
    for (const entry of filesUnder(path.join(folder, 'src'))) add(path.join(entry.parentPath, entry.name));
  }
  return hash.digest('hex');
}

function isBuilt() {
  const complete = projects().every((project) =>
    fs.existsSync(path.join(root, project, 'dist', '.tsbuildinfo')),
  );
  return complete && fs.existsSync(buildStamp) && fs.readFileSync(buildStamp, 'utf8') === fingerprint();
}

function build() {
  say('building (tsc -b)');
  // Taken before the build, so that a source changed meanwhile is built again next time.
  const stamp = fingerprint();
  for (const project of projects()) {
    const dist = path.join(root, project, 'dist');
    if (force) fs.rmSync(dist, { recursive: true, force: true });
    else removeOrphans(dist, path.join(root, project, 'src'));
  }
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-b'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) fail('the build failed; see the errors above.');
  const page = spawnSync(process.execPath, [path.join(root, 'scripts', 'bundle-page.mjs')], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (page.status !== 0) fail('the page of the dashboard could not be bundled; see the errors above.');
  fs.writeFileSync(buildStamp, stamp);
}

/**
 * Removes outputs whose source is gone: tsc leaves them, and they would be packed.
 * @param {string} dist @param {string} src
 */
function removeOrphans(dist, src) {
  for (const entry of filesUnder(dist)) {
    const output = path.join(entry.parentPath, entry.name);
    const stem = output.replace(/(\.d)?\.[jt]s$/, '');
    if (stem === output) continue;
    if (!fs.existsSync(`${path.join(src, path.relative(dist, stem))}.ts`)) fs.rmSync(output);
  }
}

/** Waits until no other prepare is at work in this tree. A lock whose process is gone was left by a crash. */
function lock() {
  for (let tries = 0; tries < 3000; tries += 1) {
    try {
      fs.mkdirSync(path.dirname(lockFile), { recursive: true });
      fs.writeFileSync(lockFile, String(process.pid), { flag: 'wx' });
      process.on('exit', () => fs.rmSync(lockFile, { force: true }));
      return;
    } catch (error) {
      if (codeOf(error) === 'EACCES') fail(`there is work to do, and ${root} is not yours to write in.`);
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    if (isAbandoned()) {
      fs.rmSync(lockFile, { force: true });
      continue;
    }
    if (tries === 0) say('waiting for another prepare of this folder');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
  fail(`another prepare has been at work for ten minutes; if there is none, delete ${lockFile}.`);
}

function isAbandoned() {
  try {
    process.kill(Number(fs.readFileSync(lockFile, 'utf8')), 0);
    return false;
  } catch (error) {
    return codeOf(error) === 'ESRCH';
  }
}

/** @param {unknown} error */
const codeOf = (error) => /** @type {NodeJS.ErrnoException} */ (error).code;

requireNode();
if (force || !isInstalled() || !isBuilt()) {
  lock();
  if (!isInstalled()) install();
  if (force || !isBuilt()) build();
}
