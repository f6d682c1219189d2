// Drop-in: where connections go besides an IPv4 address, and the 100 that HTTP/2 waits for.

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createSecureServer } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HttpPool } from 'openline/http';
import { request } from 'undici';
import { expect, onTestFinished, test } from 'vitest';
import { certificates, listening } from '../../support/sockets.ts';
import { echo, type Seen, valuesOf } from '../support/dropin-echo.ts';
import { watched } from '../support/dropin-list.ts';

test.each(['http', 'https'])('a Unix socket, over %s: the host is that of the URL', async (scheme) => {
  const { ca, ...own } = await certificates();
  const folder = mkdtempSync(join(tmpdir(), 'dropin-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const socketPath = join(folder, 'http.sock');
  const server = scheme === 'http' ? createServer(echo) : createHttpsServer(own, echo);
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  onTestFinished(() => void server.close().closeAllConnections());
  const pool = watched(new HttpPool({ socketPath, tls: { ca }, allowH2: false }));
  const { body } = await request(`${scheme}://localhost/path`, { dispatcher: pool });
  expect(await body.json()).toMatchObject({ url: '/path', host: 'localhost' });
});

test('an IPv6 address, by its number', async () => {
  const { port } = await listening(createServer(echo), '::1');
  const pool = watched(new HttpPool());
  const { body } = await request(`http://[::1]:${port}/path`, { dispatcher: pool });
  expect(await body.json()).toMatchObject({ url: '/path', host: `[::1]:${port}` });
});

test('a name, in capitals too: one origin', async () => {
  const { port } = await listening(createServer(echo), '127.0.0.1');
  const pool = watched(new HttpPool());
  for (const host of ['localhost', 'LOCALHOST']) {
    const { body } = await request(`http://${host}:${port}`, { dispatcher: pool });
    await body.dump();
  }
  expect(pool.stats().origins).toHaveLength(1);
});

test('user and password in the URL are sent to nobody, and fetch refuses them', async () => {
  const { port } = await listening(createServer(echo));
  const pool = watched(new HttpPool());
  const url = `http://me:secret@127.0.0.1:${port}`;
  const { body } = await request(url, { dispatcher: pool });
  expect(valuesOf((await body.json()) as Seen, 'authorization')).toEqual([]);
  expect(JSON.stringify(pool.stats())).not.toContain('secret');
  await expect(fetch(url, { dispatcher: pool as never })).rejects.toThrow(TypeError);
});

test('a certificate that nobody has signed is refused, with its code', async () => {
  const { ca: _ca, ...own } = await certificates();
  const { port } = await listening(createHttpsServer(own, echo));
  const pool = watched(new HttpPool());
  await expect(request(`https://127.0.0.1:${port}`, { dispatcher: pool })).rejects.toMatchObject({
    code: expect.stringMatching(/CERT|VERIFY/),
  });
});

test('expectContinue over HTTP/2 sends the body once the server wants it', async () => {
  const { ca, ...own } = await certificates();
  // Without a listener for requests Node makes none of streams.
  const server = createSecureServer(own, echo as never);
  const events: string[] = [];
  server.on('checkContinue', (incoming, response) => {
    events.push('asked');
    incoming.once('data', () => events.push('body'));
    setImmediate(() => {
      events.push('continue');
      response.writeContinue();
      echo(incoming as never, response as never);
    });
  });
  const { port } = await listening(server);
  const pool = watched(new HttpPool({ tls: { ca } }));
  const { body } = await request(`https://127.0.0.1:${port}`, {
    dispatcher: pool,
    method: 'POST',
    body: 'text',
    expectContinue: true,
  } as never);
  expect(((await body.json()) as Seen).body).toBe('text');
  expect(events).toEqual(['asked', 'continue', 'body']);
});
