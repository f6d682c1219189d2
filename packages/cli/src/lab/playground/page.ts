// The lab's page: the dashboard's own, with the panel of buttons below its diagnosis.
import { readFileSync } from 'node:fs';
import { LabError } from '../errors.ts';
import type { PagePart } from '../page.ts';
import { panelHtml } from './panel-html.ts';
import { panelStyle } from './panel-style.ts';

/** What is served besides the dashboard's own files. */
export type LabPage = Readonly<Record<'/' | '/lab.js' | '/lab.css', PagePart>>;

const inHead =
  '<link rel="stylesheet" href="lab.css">\n<script type="module" src="lab.js"></script>\n</head>';

/**
 * Makes it of the dashboard's page, which is asked for where it is served.
 * @throws {LabError} where the dashboard's page has no place for the panel.
 */
export async function labPage(port: number): Promise<LabPage> {
  const board = await (await fetch(`http://127.0.0.1:${port}/index.html`)).text();
  const verdictEnd = /<section id="verdict"[\s\S]*?<\/section>/.exec(board);
  if (verdictEnd === null || !board.includes('</head>'))
    throw new LabError("The dashboard's page has no place for the lab's buttons.");
  const at = verdictEnd.index + verdictEnd[0].length;
  const text = `${board.slice(0, at)}\n${panelHtml}${board.slice(at)}`.replace('</head>', inHead);
  const script = readFileSync(new URL('./panel-script.js', import.meta.url), 'utf8');
  return {
    '/': { contentType: 'text/html', text },
    '/lab.js': { contentType: 'text/javascript', text: script },
    '/lab.css': { contentType: 'text/css', text: panelStyle },
  };
}
