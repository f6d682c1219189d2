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

/** `''` is the page itself. */
const fileOf = (name: string): string => (name === '' ? 'index.html' : name);

/** Does the page have a file of this name? */
export const isPageFile = (name: string): boolean => Object.hasOwn(contentTypes, fileOf(name));

/** One of the page's files; nothing where it cannot be read, as where a bundler has left it behind. */
export function pageFile(name: string): PageFile | undefined {
  const file = fileOf(name);
  let known = files.get(file);
  if (known === undefined) {
    try {
      known = { contentType: contentTypes[file]!, body: readFileSync(new URL(file, folder)) };
    } catch {
      return undefined;
    }
    files.set(file, known);
  }
  return known;
}
