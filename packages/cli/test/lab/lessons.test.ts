// The lab's page in the docs names the buttons that there are, and each lesson marks what changes in the code.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { lessons } from '../../src/lab/playground/lessons.ts';
import { panelHtml } from '../../src/lab/playground/panel-html.ts';

it('docs/lab.md has every button, in their order, and no other', () => {
  const page = readFileSync(new URL('../../../../docs/lab.md', import.meta.url), 'utf8');
  const [, table = ''] = /\| button \|.*\n\| --- .*\n((?:\|.*\n)+)/.exec(page) ?? [];
  const told = [...table.matchAll(/^\| (.+?) \|/gm)].map(([, title]) => title);
  expect(told).toEqual(Object.values(lessons).map(({ title }) => title));
});

it('marks lines that go and lines that come, and shows code as it is', () => {
  for (const { title, before, after } of Object.values(lessons)) {
    expect(before, title).toMatch(/^!/m);
    expect(after, title).toMatch(/^!/m);
  }
  expect(panelHtml.match(/<del>/g)?.length).toBeGreaterThanOrEqual(6);
  expect(panelHtml).toContain('<ins>return pool.transaction(async (client) =&gt; {</ins>');
  expect(panelHtml).not.toMatch(/ style=|<script| on\w+=/);
});
