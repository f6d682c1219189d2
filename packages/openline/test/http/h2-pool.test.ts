// HTTP/2 in a pool: how many connections there are, and who shares them.
import { once } from 'node:events';
import { createSecureServer } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { HttpPool } from 'openline/http';
import { expect, test, vi } from 'vitest';
import { H2Connection } from '../../src/http/h2-connection.ts';
import { until } from '../support/postgres.ts';
import { certificates, listening } from '../support/sockets.ts';
import { givenSecureH2Server } from './support/h2-servers.ts';
import { ask, givenPool, givenSecureServer } from './support/pools.ts';

const sizes = (pool: HttpPool) => pool.connections().map(({ leases }) => leases);

test('fifty callers at once on an origin that nobody has asked before share one session', async () => {
  const { port, ca, sessions } = await givenSecureH2Server((stream) =>
    stream.respond(undefined, { endStream: true }),
  );
  const pool = givenPool({ max: 10, tls: { ca } });
  await Promise.all(Array.from({ length: 50 }, () => ask(pool, `https://localhost:${port}/`)));
  expect(sessions).toHaveLength(1);
  expect(pool.stats().origins[0]?.protocol).toBe('HTTP/2');
});

test('what one session cannot carry goes over others, up to max', async () => {
  const held: (() => void)[] = [];
  const { port, ca, sessions } = await givenSecureH2Server(
    (stream) => held.push(() => stream.respond(undefined, { endStream: true })),
    { settings: { maxConcurrentStreams: 10 } },
  );
  const pool = givenPool({ max: 3, tls: { ca } });
  const asked = Promise.all(Array.from({ length: 50 }, () => ask(pool, `https://localhost:${port}/`)));
  await until(() => held.length === 30, 'thirty are under way');
  expect(sessions).toHaveLength(3);
  expect(pool.stats().origins[0]).toMatchObject({ leases: 30, waiting: 20 });
  const letGo = setInterval(() => {
    for (const answer of held.splice(0)) answer();
  }, 1);
  expect(await asked).toHaveLength(50);
  clearInterval(letGo);
});

test('few callers share one session, though a crowd has left others open', async () => {
  const held: (() => void)[] = [];
  const { port, ca } = await givenSecureH2Server(
    (stream) => held.push(() => stream.respond(undefined, { endStream: true })),
    { settings: { maxConcurrentStreams: 10 } },
  );
  const url = `https://localhost:${port}/`;
  const pool = givenPool({ max: 3, tls: { ca } });
  const crowd = Promise.all(Array.from({ length: 30 }, () => ask(pool, url)));
  await until(() => held.length === 30, 'the crowd is under way');
  for (const answer of held.splice(0)) answer();
  await crowd;
  const few = Promise.all(Array.from({ length: 4 }, () => ask(pool, url)));
  await until(() => held.length === 4, 'the few are under way');
  expect(sizes(pool).sort()).toEqual([0, 0, 4]);
  for (const answer of held.splice(0)) answer();
  await few;
});

test('a server that chooses HTTP/1.1 gets a connection for each caller', async () => {
  const { origin, ca, sockets } = await givenSecureServer((_, response) =>
    setTimeout(() => response.end('ok'), 20),
  );
  const pool = givenPool({ max: 4, tls: { ca } });
  await Promise.all(Array.from({ length: 12 }, () => ask(pool, origin)));
  expect(sockets.length).toBeGreaterThan(1);
  expect(sockets.length).toBeLessThanOrEqual(4);
  expect(pool.stats().origins[0]?.protocol).toBe('HTTP/1.1');
});

test('an upgrade on an origin that speaks HTTP/2 goes over HTTP/1.1', async () => {
  const { ca, cert, key } = await certificates();
  const server = createSecureServer({ cert, key, allowHTTP1: true }, (_, response) => response.end('ok'));
  server.on('upgrade', (_request: unknown, socket: Duplex) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n');
    socket.pipe(socket);
  });
  const { port } = await listening(server as never);
  const pool = givenPool({ tls: { ca } });
  const origin = `https://localhost:${port}`;
  await ask(pool, `${origin}/`);
  expect(pool.stats().origins[0]?.protocol).toBe('HTTP/2');
  const { socket } = await pool.upgrade({ origin, path: '/', protocol: 'echo' } as never);
  socket.write('hello');
  expect(String((await once(socket, 'data'))[0])).toBe('hello');
  socket.destroy();
  await until(() => pool.stats().origins.every(({ detached }) => detached === 0), 'its place is free again');
});

test('a response that breaks in the turn in which it began fails its fetch', async () => {
  const { port, ca } = await givenSecureH2Server(() => undefined);
  const pool = givenPool({ tls: { ca } });
  const send = vi.spyOn(H2Connection.prototype, 'send').mockImplementation((_, receiver) => {
    receiver.onConnect(() => undefined);
    receiver.onRequestSent();
    receiver.onResponseStarted();
    receiver.onHeaders(200, [], () => undefined, '');
    receiver.onData(Buffer.from('half of it'));
    receiver.onError(new Error('broken off'));
  });
  const cause = { message: 'broken off' };
  await expect(ask(pool, `https://localhost:${port}/`)).rejects.toMatchObject({ cause });
  send.mockRestore();
});
