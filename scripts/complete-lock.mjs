// Adds to package-lock.json the platform binaries that npm left out because its registry mirror does not carry them.
// Without them `npm ci` calls the lockfile out of sync, on every platform. Run it after `npm install`, if that happens.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const file = path.join(path.dirname(path.dirname(fileURLToPath(import.meta.url))), 'package-lock.json');
const systems = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
];
/** @type {Record<string, string>} */
const libraries = { gnu: 'glibc', musl: 'musl' };

/** @typedef {{ version?: string, dev?: boolean, optional?: boolean, os?: string[], cpu?: string[], libc?: string[],
 *   optionalDependencies?: Record<string, string> }} Entry */

const lock = JSON.parse(fs.readFileSync(file, 'utf8'));
/** @type {Record<string, Entry>} */
const packages = lock.packages;
let added = 0;
for (const [owner, { optionalDependencies = {}, dev }] of Object.entries(packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    if (isPresent(owner, name) || !/^\d+\.\d+\.\d+$/.test(version)) continue;
    const platform = platformOf(name);
    if (platform === undefined) continue;
    packages[`node_modules/${name}`] = { version, ...(dev && { dev }), optional: true, ...platform };
    process.stdout.write(`complete-lock: ${name} ${version}\n`);
    added += 1;
  }
}
if (added > 0) {
  lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)));
  fs.writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
}

/** Looks where node would: beside the owner, then in each folder above. @param {string} owner @param {string} name */
function isPresent(owner, name) {
  for (let place = owner; ; place = place.slice(0, Math.max(0, place.lastIndexOf('/node_modules/')))) {
    if (`${place}/node_modules/${name}`.replace(/^\//, '') in packages) return true;
    if (place === '') return false;
  }
}

/** Reads the platform from a name such as `@scope/binding-linux-x64-musl`. @param {string} name */
function platformOf(name) {
  const words = name.split(/[/-]/);
  const at = words.findIndex((word) => systems.includes(word));
  const [os, cpu, library] = words.slice(at);
  if (at < 0 || os === undefined || cpu === undefined) return undefined;
  const libc = library === undefined ? undefined : libraries[library];
  return { os: [os], cpu: [cpu], ...(libc && { libc: [libc] }) };
}
