// An open that is given up ends at once, in whichever phase it is, and leaves nothing behind.
import { getEventListeners, once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type LookupFunction } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SocketSource } from '../../src/http/socket.ts';
import type { SocketOptions } from '../../src/http/socket-options.ts';
import { deadAddress } from '../support/dead-address.ts';
import {
  allClosed,
  certificates,
  lookupOf,
  silentServer,
  tlsServer,
  triedSockets,
  WatchedOpen,
} from '../support/sockets.ts';
import { TunnelProxy } from '../support/tunnel-proxy.ts';

const reason = new Error('not wanted any more');
const lookup = lookupOf('127.0.0.1');

/** Opens, aborts as soon as the phase has begun and `isReached`, and checks what is left. */
async function abortIn(
  phase: string,
  origin: string,
  options: SocketOptions,
  isReached: () => boolean = () => true,
): Promise<WatchedOpen> {
  const tried = triedSockets();
  const watched = new WatchedOpen();
  const opening = new SocketSource(new URL(origin), options, 'neighbour').open(watched);
  opening.catch(() => undefined);
  await expect.poll(() => watched.phases.at(-1) === phase && isReached(), { interval: 5 }).toBe(true);
  watched.abort(reason);
  await expect(opening).rejects.toBe(reason);
  await expect.poll(() => tried.filter(({ destroyed }) => !destroyed).length).toBe(0);
  expect(getEventListeners(watched.signal, 'abort')).toEqual([]);
  return watched;
}

describe('an aborted open', () => {
  test('does not begin', async () => {
    const tried = triedSockets();
    const watched = new WatchedOpen();
    watched.abort(reason);
    const source = new SocketSource(new URL('http://127.0.0.1:9'), {}, 'neighbour');
    await expect(source.open(watched)).rejects.toBe(reason);
    expect([watched.phases, tried]).toEqual([[], []]);
  });

  test('does not wait for DNS, and makes nothing of a late answer', async () => {
    let answerLate = (): void => undefined;
    const asking: LookupFunction = (_host, _options, answer) => {
      answerLate = () => answer(null, [{ address: '127.0.0.1', family: 4 }]);
    };
    const tried = triedSockets();
    const watched = await abortIn('dns', 'http://a.test', { lookup: asking });
    answerLate();
    await new Promise(setImmediate);
    expect(tried).toEqual([]);
    expect(watched.phases).toEqual(['dns']);
  });

  test('closes every socket that is connecting', async () => {
    await using dead = await deadAddress();
    const tried = triedSockets();
    const options = {
      lookup: lookupOf(dead.host, dead.host, dead.host),
      autoSelectFamilyAttemptTimeoutMs: 10,
    };
    await abortIn('tcp', `http://a.test:${dead.port}`, options, () => tried.length === 3);
  });

  test('begins no further attempt', async () => {
    await using dead = await deadAddress();
    const options = { lookup: lookupOf(dead.host, dead.host), autoSelectFamilyAttemptTimeoutMs: 50 };
    const tried = triedSockets();
    await abortIn('tcp', `http://a.test:${dead.port}`, options, () => tried.length === 1);
    // Twice the time after which the second would begin.
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(tried).toHaveLength(1);
  });

  test('hangs up in the TLS handshake', async () => {
    const server = await silentServer();
    const isReached = (): boolean => server.sockets.length === 1;
    await abortIn('tls', `https://a.test:${server.port}`, { lookup }, isReached);
    await allClosed(server);
  });

  test('hangs up in the TLS handshake with a proxy', async () => {
    const server = await silentServer();
    const proxy = `https://localhost:${server.port}`;
    await abortIn('proxy-tls', 'https://a.test', { lookup, proxy }, () => server.sockets.length === 1);
    await allClosed(server);
  });

  test('hangs up while the proxy thinks', async () => {
    const server = await silentServer();
    const proxy = `http://localhost:${server.port}`;
    await abortIn('proxy', 'https://a.test', { lookup, proxy }, () => server.sockets.length === 1);
    await allClosed(server);
  });

  test('hangs up while the origin behind a proxy is silent', async () => {
    const server = await silentServer();
    const proxy = await TunnelProxy.to(server);
    const isReached = (): boolean => server.sockets.length === 1;
    await abortIn('tls', 'https://a.test', { lookup, proxy: proxy.url }, isReached);
    await allClosed(server);
    await allClosed(proxy);
  });
});

describe('an open aborted in the moment when a phase begins', () => {
  test.each([
    ['dns', 'http', {}],
    ['tcp', 'http', {}],
    ['tls', 'https', {}],
    ['proxy-tls', 'https', { tls: true }],
    ['proxy', 'https', { tls: true }],
    ['tls', 'https', { tls: true }],
  ])('%s of %s by a proxy with %j ends as well', async (phase, scheme, proxyOptions) => {
    const { ca, cert, key } = await certificates();
    const server = await tlsServer({ cert, key });
    const by = 'tls' in proxyOptions ? { proxy: (await TunnelProxy.to(server, proxyOptions)).url } : {};
    const options = { lookup, ...by, tls: { ca }, proxyTls: { ca } };
    await abortAt(phase, `${scheme}://a.test:${server.port}`, options);
  });

  test('at a socket file ends as well', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'openline-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const socketPath = join(folder, 'http.sock');
    const server = createServer().listen(socketPath);
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    await abortAt('tcp', 'http://a.test', { socketPath });
  });

  async function abortAt(phase: string, origin: string, options: SocketOptions): Promise<void> {
    const tried = triedSockets();
    const watched = new WatchedOpen();
    watched.onPhase = (name) => {
      if (name === phase) watched.abort(reason);
    };
    await expect(new SocketSource(new URL(origin), options, 'neighbour').open(watched)).rejects.toBe(reason);
    expect(watched.phases.at(-1)).toBe(phase);
    expect(getEventListeners(watched.signal, 'abort')).toEqual([]);
    await expect.poll(() => tried.filter(({ destroyed }) => !destroyed).length).toBe(0);
  }
});

test('an open that has ended well has let go of its signal', async () => {
  const { ca, cert, key } = await certificates();
  const server = await tlsServer({ cert, key });
  const proxy = await TunnelProxy.to(server);
  for (const further of [{}, { proxy: proxy.url }]) {
    const watched = new WatchedOpen();
    const options = { lookup, tls: { ca }, ...further };
    const source = new SocketSource(new URL(`https://a.test:${server.port}`), options, 'neighbour');
    const { socket } = await source.open(watched);
    expect(getEventListeners(watched.signal, 'abort')).toEqual([]);
    socket.destroy();
  }
});
