// What the dashboard costs the service it runs in: 500 pools of 10 connections, all at work, with nobody looking and with three viewers.
// Some of the pools are exhausted, with a caller that waits, so that the diagnosis has as much to do as it ever has.
// The work is the same throughout, so the difference is the dashboard. Prints a table; `node bench/dist/dashboard.js [seconds]`.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { createPool, type Lease } from 'openline';
import { dashboard } from 'openline/dashboard';

const poolCount = 500;
const poolSize = 10;
/** More of them than are watched at a time. */
const exhaustedCount = 50;
const viewerCount = 3;
const seconds = Number(process.argv[2] ?? 10);
/** Pools that lend and take back a connection in each tenth of a second, so that their rows change between any two looks. */
const workEveryMs = 100;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Viewers in a process of their own: reading is not the service's work. */
const viewers = `
const http = require('node:http');
const [count, port] = process.argv.slice(1).map(Number);
let bytes = 0;
for (let index = 0; index < count; index++) {
  http.get({ host: '127.0.0.1', port, path: '/feed', agent: false }, (response) => {
    response.on('data', (chunk) => { bytes += chunk.length; });
  });
}
process.on('message', () => process.send(bytes));
process.on('disconnect', () => process.exit());
`;

/** Milliseconds of this process's processor time, garbage collection included, that the work of some seconds took, for each second. */
async function cpuPerSecond(): Promise<number> {
  const before = process.cpuUsage();
  const startedAt = performance.now();
  await sleep(seconds * 1_000);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / (performance.now() - startedAt);
}

const pools = Array.from({ length: poolCount }, (_, index) =>
  createPool(
    { open: async () => ({}) },
    {
      name: `origin https://service-${index}.internal`,
      max: poolSize,
      acquireTimeoutMs: Number.POSITIVE_INFINITY,
      leakThresholdMs: Number.POSITIVE_INFINITY,
    },
  ),
);
const held: Lease<object>[][] = await Promise.all(
  pools.map((pool) => Promise.all(Array.from({ length: poolSize }, () => pool.acquire()))),
);
for (const leases of held.slice(exhaustedCount)) for (const lease of leases.splice(0)) lease.release();
const waiting = pools.slice(0, exhaustedCount).map((pool) => pool.acquire());

const work = setInterval(() => {
  pools.forEach((pool, index) => {
    if (index < exhaustedCount) return;
    const leases = held[index]!;
    if (leases.length > 0) leases.pop()!.release();
    else
      for (let count = 0; count < poolSize / 2; count++) {
        const lease = pool.tryAcquire();
        if (lease !== undefined) leases.push(lease);
      }
  });
}, workEveryMs);

const board = dashboard(pools);
const server = http.createServer(board);
await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as AddressInfo;

await cpuPerSecond();
const without = await cpuPerSecond();
const reader = spawn(process.execPath, ['-e', viewers, String(viewerCount), String(port)], {
  stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
});
while (board.viewers < viewerCount) await sleep(50);
await sleep(1_000);
async function bytesRead(): Promise<number> {
  reader.send('bytes');
  const [bytes] = await once(reader, 'message');
  return bytes as number;
}
const bytesBefore = await bytesRead();
const watched = await cpuPerSecond();
const bytes = ((await bytesRead()) - bytesBefore) / seconds / viewerCount;
reader.disconnect();
while (board.viewers > 0) await sleep(50);
const after = await cpuPerSecond();

const percent = (ms: number): string => `${(ms / 10).toFixed(2)} % of a core`;
process.stdout.write(
  `${poolCount} pools of ${poolSize}, each at work ten times a second but ${exhaustedCount} that are exhausted, for ${seconds} s each\n` +
    `  nobody looks              ${percent(without)}\n` +
    `  ${viewerCount} viewers                 ${percent(watched)}, ${(bytes / 1_000).toFixed(0)} kB/s to each\n` +
    `  nobody looks any more     ${percent(after)}\n` +
    `  the dashboard             ${percent(watched - (without + after) / 2)}\n`,
);
clearInterval(work);
board.close();
server.close();
for (const leases of held) for (const lease of leases) lease.release();
for (const lease of await Promise.all(waiting)) lease.release();
await Promise.all(pools.map((pool) => pool.close()));
