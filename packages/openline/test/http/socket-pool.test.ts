// What the callers of a pool hear when its sockets cannot be opened.
import type { Socket } from 'node:net';
import { type ConnectError, createPool, type Pool, type PoolOptions } from 'openline';
import { expect, onTestFinished, test } from 'vitest';
import { SocketSource } from '../../src/http/socket.ts';
import type { SocketOptions } from '../../src/http/socket-options.ts';
import { allClosed, certificates, lookupOf, silentServer, tlsServer } from '../support/sockets.ts';
import { TunnelProxy } from '../support/tunnel-proxy.ts';

function poolOf(origin: string, options: SocketOptions, limits: PoolOptions = {}): Pool<Socket> {
  const source = new SocketSource(new URL(origin), options, 'neighbour');
  const pool = createPool<Socket>(
    {
      open: async (context) => (await source.open(context)).socket,
      isRetryable: (error) => source.isRetryable(error),
      close: async (socket) => void socket.destroy(),
    },
    { name: 'neighbour', ...limits },
  );
  onTestFinished(async () => void (await pool.close()));
  return pool;
}

async function heard(pool: Pool<Socket>): Promise<ConnectError> {
  const error = await pool.acquire().then(
    () => expect.fail('it opened'),
    (reason: Error) => reason,
  );
  return (error.cause instanceof Error && 'phase' in error.cause ? error.cause : error) as ConnectError;
}

test('a silent server is told by the phase in which it was silent, and is hung up on', async () => {
  const server = await silentServer();
  const pool = poolOf(
    `https://a.test:${server.port}`,
    { lookup: lookupOf('127.0.0.1') },
    { connectTimeoutMs: 500, acquireTimeoutMs: 800 },
  );
  const error = await heard(pool);
  expect(error).toMatchObject({ phase: 'tls', timedOut: true, address: `a.test:${server.port}` });
  await pool.close();
  await allClosed(server);
});

test('a server that refuses on every address is told with all of them', async () => {
  const { port, server } = await silentServer();
  await new Promise((resolve) => server.close(resolve));
  const options = { lookup: lookupOf('127.0.0.1', '127.0.0.2') };
  const error = await heard(poolOf(`http://a.test:${port}`, options, { acquireTimeoutMs: 500 }));
  expect(error).toMatchObject({ phase: 'tcp', code: 'ECONNREFUSED' });
  expect(error.message).toContain(
    `none of 2 addresses answered: connect ECONNREFUSED 127.0.0.1:${port}; connect ECONNREFUSED 127.0.0.2:${port}`,
  );
});

test('a bad certificate reaches the caller at once', async () => {
  const { cert, key } = await certificates();
  const server = await tlsServer({ cert, key });
  const error = await heard(poolOf(`https://localhost:${server.port}`, {}));
  expect(error).toMatchObject({ phase: 'tls', code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', attempts: 1 });
});

test('a proxy that wants a password is told without the one that it was given', async () => {
  const proxy = await TunnelProxy.to({ port: 0 });
  proxy.answer = 'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n';
  const given = proxy.url.replace('//', '//someone:hidden@');
  const error = await heard(poolOf('https://a.test', { proxy: given }));
  expect(error).toMatchObject({ phase: 'proxy', code: 'OPENLINE_PROXY_REFUSED', attempts: 1 });
  expect(error.message).toBe(
    `pool "neighbour": cannot connect to a.test:443 via localhost:${proxy.port} (phase proxy): ` +
      `the proxy localhost:${proxy.port} answered 407 to CONNECT a.test:443: Proxy Authentication Required; ` +
      'it does not take the user and password of its URL',
  );
});
