// A service whose bundler has left the page's files behind: whoever asks is told, and nobody's request ends the service.
import { expect, test, vi } from 'vitest';
import { ask, served, somePool } from './kit.ts';

vi.mock('node:fs', async (load) => {
  const fs = await load<typeof import('node:fs')>();
  const readFileSync = (file: unknown, ...rest: unknown[]): unknown => {
    if (String(file).includes('/dashboard/page/')) throw new Error('ENOENT: no such file');
    return (fs.readFileSync as (...given: unknown[]) => unknown)(file, ...rest);
  };
  return { ...fs, readFileSync };
});

test('a page that was not installed is said to be missing, and only to those who may look', async () => {
  const { port } = await served([somePool('orders')]);
  expect((await ask(port, '/', { host: 'evil.example.com' })).status).toBe(421);
  for (const path of ['/', '/page.js'])
    expect(await ask(port, path)).toMatchObject({ status: 500, body: 'The page was not installed.\n' });
  expect((await ask(port, '/session')).status).toBe(200);
});
