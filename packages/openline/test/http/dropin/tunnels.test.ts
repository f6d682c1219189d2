// Drop-in: connections that leave to the user: upgrades, WebSockets, CONNECT.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { HttpPool } from 'openline/http';
import { type Dispatcher, upgrade } from 'undici';
import { expect, onTestFinished, test } from 'vitest';
import { echo } from '../support/dropin-echo.ts';
import { watched, withEach } from '../support/dropin-list.ts';
import { givenDropinServers } from '../support/dropin-servers.ts';

const servers = givenDropinServers({ withNginx: true });

/** RFC 6455, 1.3. */
const accept = (key: string): string =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

function givenWebSockets(): void {
  servers.onTunnel('upgrade', (request, socket) => {
    const { upgrade: protocol, 'sec-websocket-key': key = '' } = request.headers;
    const head = `HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: ${protocol}\r\n`;
    socket.write(`${head}Sec-WebSocket-Accept: ${accept(key)}\r\n\r\n`);
    socket.pipe(socket);
  });
}

withEach(servers, { servers: ({ isH2 }) => !isH2 }, ({ given, url, server, isOurs }) => {
  test('an upgrade gives the socket, and what is said on it goes both ways', async () => {
    givenWebSockets();
    const dispatcher = given(echo);
    const key = 'dGhlIHNhbXBsZSBub25jZQ==';
    const headers = { 'sec-websocket-key': key, 'sec-websocket-version': '13' };
    const { headers: answered, socket } = await upgrade(url(), {
      dispatcher,
      protocol: 'websocket',
      headers,
    });
    expect(answered['sec-websocket-accept']).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    socket.write('hello');
    expect(String((await once(socket, 'data'))[0])).toBe('hello');
    socket.end();
    await once(socket, 'close');
    await stillWorks(dispatcher);
  });

  test('an upgrade that is refused fails', async () => {
    servers.onTunnel('upgrade', (_request, socket) => {
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    });
    const dispatcher = given(echo);
    await expect(upgrade(url(), { dispatcher })).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' });
  });

  test('an upgrade that is aborted fails with the reason', async () => {
    const controller = new AbortController();
    const reason = new Error('no longer');
    servers.onTunnel('upgrade', () => controller.abort(reason));
    const dispatcher = given(echo);
    await expect(upgrade(url(), { dispatcher, signal: controller.signal })).rejects.toBe(reason);
    await stillWorks(dispatcher);
  });

  if (server.by === 'node') {
    test('CONNECT gives the socket, and what is said on it goes both ways', async () => {
      servers.onTunnel('connect', (request, socket) => {
        socket.write(`HTTP/1.1 200 OK\r\nx-to: ${request.url}\r\n\r\n`);
        socket.pipe(socket);
      });
      const dispatcher = given(echo);
      const tunnel = await dispatcher.connect({ origin: new URL(url()).origin, path: 'example.test:443' });
      expect([tunnel.statusCode, tunnel.headers['x-to']]).toEqual([200, 'example.test:443']);
      tunnel.socket.write('hello');
      expect(String((await once(tunnel.socket, 'data'))[0])).toBe('hello');
      tunnel.socket.destroy();
      await stillWorks(dispatcher);
    });

    test('CONNECT to a server that hangs up fails', async () => {
      servers.onTunnel('connect', (_request, socket) => socket.destroy());
      const dispatcher = given(echo);
      const path = 'example.test:443';
      const asked = dispatcher.connect({ origin: new URL(url()).origin, path });
      await expect(asked).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' });
    });
  }

  if (isOurs && server.scheme === 'http') {
    test('a tunnel keeps its place among the connections until it closes', async () => {
      givenWebSockets();
      servers.answer(echo);
      const pool = watched(new HttpPool({ max: 1 }));
      const { socket } = await upgrade(url(), { dispatcher: pool });
      onTestFinished(() => void socket.destroy());
      const waiting = stillWorks(pool);
      await expect.poll(() => pool.stats().origins[0]).toMatchObject({ size: 1, detached: 1, waiting: 1 });
      socket.destroy();
      await waiting;
    });
  }

  async function stillWorks(dispatcher: Dispatcher): Promise<void> {
    const { statusCode, body } = await dispatcher.request({
      origin: new URL(url()).origin,
      path: '/',
      method: 'GET',
    });
    await body.dump();
    expect(statusCode).toBe(200);
  }
});

test.each(servers.kinds.filter(({ isH2, by }) => isH2 && by === 'node'))(
  'an upgrade to an origin that speaks HTTP/2 goes over HTTP/1.1: $name',
  async (kind) => {
    givenWebSockets();
    servers.answer(echo);
    const pool = watched(new HttpPool({ tls: { ca: servers.ca } }));
    const origin = servers.originOf(kind);
    const { body } = await pool.request({ origin, path: '/', method: 'GET' });
    await body.dump();
    expect(pool.stats().origins[0]?.protocol).toBe('HTTP/2');
    const { socket } = await upgrade(origin, { dispatcher: pool, protocol: 'websocket' });
    socket.write('hello');
    expect(String((await once(socket, 'data'))[0])).toBe('hello');
    socket.destroy();
    await once(socket, 'close');
  },
);
