// What an HttpPool tells of its connections.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpPool } from 'openline/http';
import { afterEach, expect, it } from 'vitest';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

/** A server that answers `/wait` once it is told to. */
async function serve(): Promise<{ origin: string; answer: () => void; asked: Promise<unknown> }> {
  let answer = (): void => undefined;
  const server = createServer((request, response) => {
    if (request.url !== '/wait') {
      response.end();
      return;
    }
    answer = () => void response.end();
    server.emit('asked');
  });
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { origin, answer: () => answer(), asked: once(server, 'asked') };
}

it('tells each connection with its origin, its state and its leases', async () => {
  const [busy, quiet] = [await serve(), await serve()];
  const pool = new HttpPool();
  expect(pool.connections()).toEqual([]);

  await (await pool.request({ origin: quiet.origin, path: '/', method: 'GET' })).body.dump();
  const waiting = pool.request({ origin: busy.origin, path: '/wait', method: 'GET' });
  await busy.asked;
  expect(pool.connections()).toEqual([
    expect.objectContaining({ origin: quiet.origin, id: 1, state: 'idle', uses: 1, leases: 0 }),
    expect.objectContaining({ origin: busy.origin, id: 1, state: 'leased', leases: 1 }),
  ]);

  busy.answer();
  await (await waiting).body.dump();
  await pool.close();
  expect(pool.connections()).toEqual([]);
});
