// Places in the code as the page shows them: from the folder in which the service runs, which is long and nobody's business.

import { sep } from 'node:path';

const home = ((): string => {
  try {
    return process.cwd() + sep;
  } catch {
    // The folder is gone.
    return '';
  }
})();

/** The text without that folder. */
export const fromHome = (text: string): string =>
  home.length <= 1 + sep.length ? text : text.replaceAll(home, '');
