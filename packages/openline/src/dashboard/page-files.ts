// The page's files: built with the package, read when somebody first asks.

import { readFileSync } from 'node:fs';

/** One file of the page. */
export interface PageFile {
  readonly contentType: string;
  readonly body: Buffer;
}

const contentTypes: Readonly<Record<string, string>> = {
  'index.html': 'text/html; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
  'page.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
};

/** The built page, whether this module runs from `dist` or, in tests, from `src`. */
const folder = new URL('../../dist/dashboard/page/', import.meta.url);
const files = new Map<string, PageFile>();

/** The file of this name; `''` is the page itself. Nothing where there is none. */
export function pageFile(name: string): PageFile | undefined {
  const file = name === '' ? 'index.html' : name;
  const contentType = Object.hasOwn(contentTypes, file) ? contentTypes[file] : undefined;
  if (contentType === undefined) return undefined;
  let known = files.get(file);
  if (known === undefined) {
    known = { contentType, body: readFileSync(new URL(file, folder)) };
    files.set(file, known);
  }
  return known;
}
