// What the dashboard costs the service it runs in: 500 pools of 10 connections, all at work, with nobody looking and with three viewers.
// The work is the same throughout, so the difference is the dashboard. Prints a table; `node bench/dist/dashboard.js [seconds]`.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Worker } from 'node:worker_threads';
import { createPool, type Lease } from 'openline';
import { dashboard } from 'openline/dashboard';

const poolCount = 500;
const poolSize = 10;
const viewerCount = 3;
const seconds = Number(process.argv[2] ?? 10);
/** Pools that lend and take back a connection in each tenth of a second, so that their rows change between any two looks. */
const workEveryMs = 100;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Viewers in a thread of their own: reading is not the service's work. */
const viewers = `
const http = require('node:http');
const { workerData, parentPort } = require('node:worker_threads');
let bytes = 0;
for (let index = 0; index < workerData.viewers; index++) {
  http.get({ host: '127.0.0.1', port: workerData.port, path: '/feed', agent: false }, (response) => {
    response.on('data', (chunk) => { bytes += chunk.length; });
  });
}
parentPort.on('message', () => parentPort.postMessage(bytes));
`;

/** Milliseconds of this thread's processor time that the work of some seconds took, for each second. */
async function cpuPerSecond(): Promise<number> {
  const { active: activeBefore } = performance.eventLoopUtilization();
  const startedAt = performance.now();
  await sleep(seconds * 1_000);
  const { active } = performance.eventLoopUtilization();
  return ((active - activeBefore) * 1_000) / (performance.now() - startedAt);
}

const pools = Array.from({ length: poolCount }, (_, index) =>
  createPool({ open: async () => ({}) }, { name: `origin https://service-${index}.internal`, max: poolSize }),
);
const held: Lease<object>[][] = await Promise.all(
  pools.map((pool) => Promise.all(Array.from({ length: poolSize }, () => pool.acquire()))),
);
for (const leases of held) for (const lease of leases.splice(0)) lease.release();

const work = setInterval(() => {
  pools.forEach((pool, index) => {
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
const reader = new Worker(viewers, { eval: true, workerData: { port, viewers: viewerCount } });
while (board.viewers < viewerCount) await sleep(50);
await sleep(1_000);
const bytesRead = (): Promise<number> =>
  new Promise((resolve) => {
    reader.once('message', resolve);
    reader.postMessage('bytes');
  });
const bytesBefore = await bytesRead();
const watched = await cpuPerSecond();
const bytes = ((await bytesRead()) - bytesBefore) / seconds / viewerCount;
await reader.terminate();
while (board.viewers > 0) await sleep(50);
const after = await cpuPerSecond();

const percent = (ms: number): string => `${(ms / 10).toFixed(2)} % of a core`;
process.stdout.write(
  `${poolCount} pools of ${poolSize}, each at work ten times a second, for ${seconds} s each\n` +
    `  nobody looks              ${percent(without)}\n` +
    `  ${viewerCount} viewers                 ${percent(watched)}, ${(bytes / 1_000).toFixed(0)} kB/s to each\n` +
    `  nobody looks any more     ${percent(after)}\n` +
    `  the dashboard             ${percent(watched - (without + after) / 2)}\n`,
);
clearInterval(work);
board.close();
server.close();
for (const leases of held) for (const lease of leases) lease.release();
await Promise.all(pools.map((pool) => pool.close()));
