// What becomes of a server whose Node process ends.
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startPostgres } from '../../src/servers/index.ts';
import { isRefused } from '../../src/servers/ports.ts';
import { identify } from '../../src/servers/processes.ts';
import { listServers } from '../../src/servers/registry.ts';
import { workspace } from '../../src/servers/workspace.ts';
import { compileSources, runOwner } from './support.ts';

const report = 'console.log(JSON.stringify({ pid: server.pid, port: server.port }));';
const forEver = 'setInterval(() => {}, 1000);';

let compiled: string;
let temp: string;

// A temp folder of its own: another run of tests on this machine would sweep up what these leave.
beforeAll(() => {
  compiled = compileSources();
  temp = mkdtempSync(join(tmpdir(), 'openline-leftovers-'));
  chmodSync(temp, 0o755);
  vi.stubEnv('TMPDIR', temp);
});

afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(compiled, { recursive: true });
  rmSync(temp, { recursive: true });
});

it('a server whose owner was killed is ended by the next start, and its data removed', async () => {
  const owner = await runOwner(compiled, `const server = await startPostgres();\n${report}\n${forEver}`);
  const place = listServers(workspace()).find(({ record }) => record.server?.pid === owner.said.pid)?.place;
  await owner.end('SIGKILL');
  expect(identify(owner.said.pid)).toBeDefined();

  const steps: string[] = [];
  const next = await startPostgres({ onProgress: (message) => steps.push(message) });
  expect(steps).toContain('Removing what an earlier run left behind');
  expect(identify(owner.said.pid)).toBeUndefined();
  expect(await isRefused(owner.said.port)).toBe(true);
  expect(existsSync(dirname(place?.data ?? ''))).toBe(false);
  expect(existsSync(place?.record ?? '')).toBe(false);
  await next.stop();
});

it('a paused server whose owner was killed is ended as well', async () => {
  const owner = await runOwner(
    compiled,
    `const server = await startPostgres();\nserver.pause();\n${report}\n${forEver}`,
  );
  await owner.end('SIGKILL');
  const next = await startPostgres();
  expect(identify(owner.said.pid)).toBeUndefined();
  await next.stop();
});

it('a server whose owner lives is left alone', async () => {
  const owner = await runOwner(compiled, `const server = await startPostgres();\n${report}\n${forEver}`);
  const next = await startPostgres();
  expect(identify(owner.said.pid)).toBeDefined();
  await next.stop();
  await owner.end('SIGKILL');
  await (await startPostgres()).stop();
});

it.each([
  ['exits', 'process.exit();'],
  ['has nothing more to do', ''],
  ['dies of an error', 'setTimeout(() => { throw new Error("on purpose: this test lets a process die"); });'],
])('a server ends with its owner when that %s', async (_how, last) => {
  const owner = await runOwner(compiled, `const server = await startPostgres();\n${report}\n${last}`);
  await owner.end();
  expect(identify(owner.said.pid)).toBeUndefined();
  const left = listServers(workspace()).filter(({ record }) => record.server?.pid === owner.said.pid);
  expect(left).toEqual([]);
});
