// Keeps the arrows between folders: which folder of the library may import what, and that the other packages
// see the library only as its users do. `node scripts/check-arrows.mjs` prints each violation as file:line.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * What each folder of packages/openline/src may import besides itself and node's own modules: folders by their
 * index.ts, packages by their name or any subpath of it.
 * @type {Record<string, { folders: string[], packages: string[] }>}
 */
const arrows = {
  core: { folders: [], packages: [] },
  pg: { folders: ['core', 'insight'], packages: ['pg'] },
  mysql: { folders: ['core'], packages: ['mysql2'] },
  redis: { folders: ['core'], packages: ['@redis/client'] },
  http: { folders: ['core', 'insight'], packages: ['undici'] },
  insight: { folders: ['core'], packages: [] },
  telemetry: { folders: ['core', 'insight'], packages: ['@opentelemetry/api', 'prom-client'] },
  // uPlot goes into the page at the build, and is nothing that a user installs.
  dashboard: { folders: ['core', 'insight'], packages: ['uplot'] },
  testing: { folders: ['core'], packages: [] },
};

const library = 'packages/openline';
const outsiders = ['packages/cli', 'bench'];

/** @typedef {{ line: number, specifier: string, typeOnly: boolean }} Import */
/** @typedef {{ file: string, line: number, text: string }} Violation */

/**
 * The violations in the repository at `root`, in the order of their files; none when the house is in order.
 * @param {string} root @returns {Violation[]}
 */
export function checkArrows(root) {
  /** @type {Violation[]} */
  const violations = [];
  /** @type {Map<string, { line: number, to: string }[]>} the imports that remain at run time, for the cycles */
  const graph = new Map();

  const src = path.join(root, library, 'src');
  for (const file of sourcesUnder(src)) {
    /** @type {{ line: number, to: string }[]} */
    const edges = [];
    for (const { line, specifier, typeOnly } of importsOf(fs.readFileSync(file, 'utf8'))) {
      const text = libraryFault(src, file, specifier);
      if (text !== undefined) violations.push({ file: path.relative(root, file), line, text });
      if (isRelative(specifier) && !typeOnly) edges.push({ line, to: path.resolve(file, '..', specifier) });
    }
    graph.set(file, edges);
  }
  violations.push(...cyclesIn(graph, root));

  const entries = new Map([library, ...outsiders].map((folder) => entriesOf(path.join(root, folder))));
  for (const folder of outsiders) {
    const home = path.join(root, folder);
    for (const file of sourcesUnder(path.join(home, 'src'))) {
      for (const { line, specifier } of importsOf(fs.readFileSync(file, 'utf8'))) {
        const text = outsiderFault(home, file, specifier, entries);
        if (text !== undefined) violations.push({ file: path.relative(root, file), line, text });
      }
    }
  }
  return violations;
}

/** @param {string} src @param {string} file @param {string} specifier @returns {string | undefined} */
function libraryFault(src, file, specifier) {
  const [from = '', ...inside] = path.relative(src, file).split(path.sep);
  const allowed = arrows[from];
  if (inside.length === 0) return 'stands in no folder of src';
  if (allowed === undefined) return `folder ${from} has no arrows yet: give it some in check-arrows.mjs`;
  if (specifier.startsWith('node:')) return undefined;
  if (!isRelative(specifier)) {
    if (allowed.packages.some((name) => specifier === name || specifier.startsWith(`${name}/`)))
      return undefined;
    return `${from} may not import ${specifier}`;
  }
  const target = path.relative(src, path.resolve(file, '..', specifier));
  const [to = ''] = target.split(path.sep);
  if (to === '..') return `${from} may not import ${specifier}, which is outside the library's src`;
  if (to === from) return undefined;
  if (!allowed.folders.includes(to)) return `${from} may not import ${to}`;
  return target === path.join(to, 'index.ts')
    ? undefined
    : `${from} may import ${to} only through its index.ts`;
}

/**
 * @param {string} home @param {string} file @param {string} specifier
 * @param {Map<string, string[]>} entries public specifiers by package name
 */
function outsiderFault(home, file, specifier, entries) {
  if (isRelative(specifier)) {
    const target = path.relative(home, path.resolve(file, '..', specifier));
    return target.startsWith('..') ? `${specifier} leaves the package; use what it exports` : undefined;
  }
  const name = specifier.split('/')[0] ?? '';
  const known = entries.get(name);
  if (known === undefined || known.includes(specifier)) return undefined;
  return `${specifier} is no public entry of ${name} (${known.join(', ')})`;
}

/** @param {string} folder @returns {[string, string[]]} a package's name and its public specifiers */
function entriesOf(folder) {
  const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const subpaths = Object.keys(manifest.exports ?? {});
  return [manifest.name, subpaths.map((subpath) => manifest.name + subpath.slice(1))];
}

/**
 * Reads the imports of a formatted source: statements start a line, so what stands in a comment is not taken for one.
 * @param {string} source @returns {Import[]}
 */
export function importsOf(source) {
  const statement =
    /^(?:import|export)(\s+type)?\s+(?:[\w$]+\s*,?\s*)?(?:\{[^}]*\}\s*|\*(?:\s+as\s+[\w$]+)?\s*)?from\s*['"]([^'"]+)['"]/gm;
  const bare = /^import\s*()['"]([^'"]+)['"]/gm;
  const dynamic = /^(?!\s*(?:\/\/|\/?\*)).*?\b(?:import|require)(?:\.resolve)?()\(\s*['"]([^'"]+)['"]/gm;
  const found = [statement, bare, dynamic].flatMap((pattern) =>
    [...source.matchAll(pattern)].map((match) => ({
      line: source.slice(0, match.index).split('\n').length,
      specifier: match[2] ?? '',
      typeOnly: Boolean(match[1]),
    })),
  );
  return found.sort((a, b) => a.line - b.line);
}

/**
 * Finds circular imports, each reported once, at the import that closes it. Imports of types alone are erased and may
 * be mutual: a lease and its slot know each other's shape.
 * @param {Map<string, { line: number, to: string }[]>} graph @param {string} root
 */
function cyclesIn(graph, root) {
  /** @type {Violation[]} */
  const violations = [];
  const done = new Set();
  /** @type {string[]} */
  const trail = [];
  /** @param {string} file */
  const visit = (file) => {
    trail.push(file);
    for (const { line, to } of graph.get(file) ?? []) {
      if (trail.includes(to)) {
        const round = [...trail.slice(trail.indexOf(to)), to].map((step) => path.basename(step));
        violations.push({
          file: path.relative(root, file),
          line,
          text: `circular import: ${round.join(' → ')}`,
        });
      } else if (!done.has(to)) visit(to);
    }
    trail.pop();
    done.add(file);
  };
  for (const file of graph.keys()) if (!done.has(file)) visit(file);
  return violations;
}

/** @param {string} specifier */
const isRelative = (specifier) => specifier.startsWith('.');

/** @param {string} folder @returns {string[]} */
function sourcesUnder(folder) {
  if (!fs.existsSync(folder)) return [];
  const names = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => path.join(folder, name));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const violations = checkArrows(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
  for (const { file, line, text } of violations) process.stderr.write(`${file}:${line} ${text}\n`);
  if (violations.length > 0) process.exit(1);
}
