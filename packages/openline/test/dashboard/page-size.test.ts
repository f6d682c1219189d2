// The page stays light, and loads nothing from elsewhere.
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { ask, served, somePool } from './kit.ts';

const mostBytes = 60_000;

test('the whole page is at most 60 kB gzipped, and complete', async () => {
  const { port } = await served([somePool('orders')]);
  const files = ['/', '/page.js', '/page.css', '/icon.svg'];
  const bodies = await Promise.all(files.map(async (file) => (await ask(port, file)).body));
  const bytes = bodies.reduce((sum, body) => sum + gzipSync(body).length, 0);
  expect(bytes).toBeLessThanOrEqual(mostBytes);
  // An empty or unbundled page would be light, too.
  expect(bytes).toBeGreaterThan(15_000);
  const [html = '', script = '', style = ''] = bodies;
  const loaded = [...html.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, url]) => `/${url}`);
  expect(new Set(loaded)).toEqual(new Set(files.slice(1)));
  expect(script).not.toMatch(/\bimport\s*[({"'*]/);
  expect(style).not.toMatch(/@import|url\(/);
});
