// Bundles the page of the dashboard, uPlot included, into packages/openline/dist/dashboard/page: the page loads nothing from elsewhere.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const source = path.join(root, 'packages/openline/src/dashboard/page');
const target = path.join(root, 'packages/openline/dist/dashboard/page');

await build({
  entryPoints: [path.join(source, 'page.ts'), path.join(source, 'page.css')],
  outdir: target,
  bundle: true,
  minify: true,
  format: 'esm',
  target: ['chrome111', 'firefox113', 'safari16.4'],
  legalComments: 'inline',
  logLevel: 'warning',
});
for (const file of ['index.html', 'icon.svg'])
  fs.copyFileSync(path.join(source, file), path.join(target, file));
