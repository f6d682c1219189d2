// Places in the code as the page shows them: from the folder in which the service runs, which is long and nobody's business.

import { sep } from 'node:path';
import { pathToFileURL } from 'node:url';

const home = ((): string => {
  try {
    return process.cwd() + sep;
  } catch {
    // The folder is gone.
    return '';
  }
})();

/** Stacks name modules by URL, and what a tool has loaded in its own way by path. */
const homes: readonly string[] = home.length <= 1 + sep.length ? [] : [pathToFileURL(home).href, home];

/** The text without that folder. */
export const fromHome = (text: string): string => homes.reduce((left, one) => left.replaceAll(one, ''), text);
