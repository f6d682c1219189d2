// The page that shows the pools: what it is made of, and where it comes from.
import { readFileSync } from 'node:fs';
import { pageHtml, pageIcon } from './page-html.ts';
import { pageStyle } from './page-style.ts';

/** One file of the page. */
export interface PagePart {
  readonly contentType: string;
  readonly text: string;
}

/** The page's files by path. Its script is compiled with everything else and read from beside this file. */
export function readPage(): ReadonlyMap<string, PagePart> {
  const script = readFileSync(new URL('./page-script.js', import.meta.url), 'utf8');
  return new Map([
    ['/', { contentType: 'text/html', text: pageHtml }],
    ['/icon.svg', { contentType: 'image/svg+xml', text: pageIcon }],
    ['/page.css', { contentType: 'text/css', text: pageStyle }],
    ['/page.js', { contentType: 'text/javascript', text: script }],
  ]);
}
