// Tunnels through a proxy: how it is asked, what it may answer, and what is never said aloud.
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { InvalidOptionsError } from 'openline';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SocketSource } from '../../src/http/socket.ts';
import type { SocketOptions } from '../../src/http/socket-options.ts';
import {
  allClosed,
  certificates,
  listening,
  lookupOf,
  silentServer,
  tlsServer,
  WatchedOpen,
} from '../support/sockets.ts';
import { TunnelProxy } from '../support/tunnel-proxy.ts';
import { type Opened, open as openTo } from './support/opened.ts';

const lookup = lookupOf('127.0.0.1');

const open = (origin: string, options: SocketOptions): Promise<Opened> =>
  openTo(origin, { lookup, ...options });

interface Failure {
  readonly error: NodeJS.ErrnoException & { status?: number };
  readonly isRetryable: boolean;
  readonly told: string;
}

async function failure(origin: string, options: SocketOptions): Promise<Failure> {
  const watched = new WatchedOpen();
  const source = new SocketSource(new URL(origin), { lookup, ...options }, 'neighbour');
  const error = await source.open(watched).then(
    () => expect.fail('it opened'),
    (reason: Failure['error']) => reason,
  );
  return { error, isRetryable: source.isRetryable(error), told: watched.told };
}

describe('a tunnel', () => {
  test('leads to an http origin, which the proxy and not the client looks up', async () => {
    const server = await silentServer();
    const proxy = await TunnelProxy.to(server);
    const asked = lookupOf('127.0.0.1');
    const { watched, socket } = await open('http://unknown.test', { proxy: proxy.url, lookup: asked });
    expect(watched.phases).toEqual(['dns', 'tcp', 'proxy']);
    expect(watched.told).toBe(`unknown.test:80 via localhost:${proxy.port}`);
    expect(asked.asked).toEqual(['localhost']);
    expect(proxy.asked).toMatchObject([{ target: 'unknown.test:80', headers: { host: 'unknown.test:80' } }]);
    expect(proxy.asked[0]!.headers).not.toHaveProperty('proxy-authorization');
    socket.write('hello');
    expect(String((await once(server.sockets[0]!, 'data'))[0])).toBe('hello');
    server.sockets[0]!.write('goodbye');
    expect(String((await once(socket, 'data'))[0])).toBe('goodbye');
  });

  test.each([
    ['http', false, ['dns', 'tcp', 'proxy', 'tls']],
    ['https', true, ['dns', 'tcp', 'proxy-tls', 'proxy', 'tls']],
  ] as const)(
    'through an %s proxy leads to an https origin, HTTP/2 and all',
    async (_kind, isTls, phases) => {
      const { ca, cert, key } = await certificates();
      const server = await tlsServer({ cert, key, ALPNProtocols: ['h2'] });
      const proxy = await TunnelProxy.to(server, { tls: isTls });
      const options = { proxy: proxy.url, tls: { ca }, proxyTls: { ca } };
      const { watched, socket, isH2 } = await open('https://a.test:8443', options);
      expect(watched.phases).toEqual(phases);
      expect(proxy.asked).toMatchObject([{ target: 'a.test:8443' }]);
      expect(socket).toMatchObject({ encrypted: true, authorized: true, servername: 'a.test' });
      expect(isH2).toBe(true);
      socket.destroy();
      await allClosed(server);
      await allClosed(proxy);
    },
  );

  test('to an https origin resumes its TLS session, and that with the proxy', async () => {
    const { ca, cert, key } = await certificates();
    const server = await tlsServer({ cert, key });
    const proxy = await TunnelProxy.to(server, { tls: true });
    const reused: boolean[] = [];
    proxy.server.on('secureConnection', (socket: TLSSocket) => reused.push(socket.isSessionReused()));
    const source = new SocketSource(
      new URL('https://a.test'),
      { lookup, proxy: proxy.url, tls: { ca }, proxyTls: { ca } },
      'neighbour',
    );
    for (const expected of [false, true]) {
      const socket = (await source.open(new WatchedOpen())).socket as TLSSocket;
      onTestFinished(() => void socket.destroy());
      socket.resume();
      expect(socket.isSessionReused()).toBe(expected);
      if (!expected) await once(socket, 'session');
    }
    expect(reused).toEqual([false, true]);
  });

  test('to an IPv6 address names it in brackets', async () => {
    const proxy = await TunnelProxy.to(await silentServer());
    await open('http://[2001:db8::1]:8080', { proxy: proxy.url });
    expect(proxy.asked).toMatchObject([
      { target: '[2001:db8::1]:8080', headers: { host: '[2001:db8::1]:8080' } },
    ]);
  });

  test('carries what came in one piece with the answer of the proxy', async () => {
    const proxy = await TunnelProxy.to({ port: 0 });
    proxy.answer = 'HTTP/1.1 200 OK\r\nx-via: proxy\r\n\r\nearly words';
    const { socket } = await open('http://a.test', { proxy: proxy.url });
    expect(String((await once(socket, 'data'))[0])).toBe('early words');
  });

  test('hands the same to TLS', async () => {
    const proxy = await TunnelProxy.to({ port: 0 });
    proxy.answer = 'HTTP/1.1 200 OK\r\n\r\nnot the words of TLS';
    const { error } = await failure('https://a.test', { proxy: proxy.url });
    expect(error.code).toMatch(/EPROTO|ERR_SSL/);
    await allClosed(proxy);
  });

  test('is a plain socket again: nothing of the talk with the proxy is left on it', async () => {
    const server = await silentServer();
    const proxy = await TunnelProxy.to(server);
    const plain = await open(`http://a.test:${server.port}`, {});
    const tunnelled = await open('http://a.test', { proxy: proxy.url });
    const listeners = ({ socket }: Opened): unknown =>
      socket.eventNames().map((name) => [name, socket.listenerCount(name)]);
    expect(listeners(tunnelled)).toEqual(listeners(plain));
  });
});

describe('the proxy', () => {
  test('is given the user and the password of its URL', async () => {
    const proxy = await TunnelProxy.to(await silentServer());
    const given = async (user: string): Promise<string | undefined> => {
      await open('http://a.test', { proxy: proxy.url.replace('//', `//${user}@`) });
      return proxy.asked.pop()!.headers['proxy-authorization'];
    };
    const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
    expect(await given('user:p%40ss%3Aword')).toBe(basic('user:p@ss:word'));
    expect(await given('user')).toBe(basic('user:'));
    expect(await given('user:100%')).toBe(basic('user:100%'));
  });

  test('may stand without a scheme, and may be a URL', async () => {
    const proxy = await TunnelProxy.to(await silentServer());
    await open('http://a.test', { proxy: `localhost:${proxy.port}` });
    await open('http://a.test', { proxy: new URL(proxy.url) });
    expect(proxy.asked).toHaveLength(2);
  });

  test('that refuses is named with its answer, and only a passing refusal is worth another try', async () => {
    const proxy = await TunnelProxy.to({ port: 0 });
    for (const [status, reason, isWorthIt] of [
      [407, 'Proxy Authentication Required', false],
      [403, 'Forbidden', false],
      [302, 'Found', false],
      [502, 'Bad Gateway', true],
      [503, 'Service Unavailable', true],
    ] as const) {
      proxy.answer = `HTTP/1.1 ${status} ${reason}\r\ncontent-length: 4\r\n\r\nno!\n`;
      const { error, isRetryable } = await failure('https://a.test', { proxy: proxy.url });
      expect(error).toMatchObject({ code: 'OPENLINE_PROXY_REFUSED', status });
      expect(error.message).toContain(
        `the proxy localhost:${proxy.port} answered ${status} to CONNECT a.test:443: ${reason}`,
      );
      expect(isRetryable).toBe(isWorthIt);
    }
    await allClosed(proxy);
  });

  test('is told of without its user and password, whatever happens', async () => {
    const proxy = await TunnelProxy.to({ port: 0 });
    const dead = await silentServer();
    await new Promise((resolve) => dead.server.close(resolve));
    const secret = { proxy: proxy.url.replace('//', '//someone:hidden@') };
    const failures: Failure[] = [];
    for (const answer of ['HTTP/1.1 407 No\r\n\r\n', 'nonsense\r\n\r\n']) {
      proxy.answer = answer;
      failures.push(await failure('https://a.test', secret));
    }
    failures.push(await failure('https://a.test', { proxy: `http://someone:hidden@localhost:${dead.port}` }));
    const all = failures
      .map(({ error, told }) => `${told} ${error.message} ${error.stack} ${error.cause}`)
      .join();
    expect(all).toContain('407');
    expect(all).not.toMatch(/someone|hidden|c29tZW9uZTpoaWRkZW4/);
  });

  test('that hangs up or talks nonsense is named, and only the first is worth another try', async () => {
    const closing = await listening(createServer((socket) => void socket.once('data', () => socket.end())));
    const hungUp = await failure('https://a.test', { proxy: `http://localhost:${closing.port}` });
    expect(hungUp).toMatchObject({ error: { code: 'ECONNRESET' }, isRetryable: true });
    expect(hungUp.error.message).toContain(
      `the proxy localhost:${closing.port} gave no usable answer to CONNECT`,
    );

    const proxy = await TunnelProxy.to({ port: 0 });
    proxy.answer = 'SSH-2.0-server\r\n';
    const confused = await failure('https://a.test', { proxy: proxy.url });
    expect(confused.error.code).toMatch(/^HPE_/);
    expect(confused.isRetryable).toBe(false);
    await allClosed(proxy);
  });

  test('cannot fill the memory with headers', async () => {
    const proxy = await TunnelProxy.to({ port: 0 });
    proxy.answer = `HTTP/1.1 200 OK\r\n${'x-more: of this\r\n'.repeat(5_000)}`;
    const { error } = await failure('https://a.test', { proxy: proxy.url });
    expect(error.code).toBe('HPE_HEADER_OVERFLOW');
    await allClosed(proxy);
  });

  test('is trusted over https only if an authority vouches for it, whoever vouches for the origin', async () => {
    const { ca, cert, key } = await certificates();
    const server = await tlsServer({ cert, key });
    const proxy = await TunnelProxy.to(server, { tls: true });
    const { error, isRetryable } = await failure('https://a.test', { proxy: proxy.url, tls: { ca } });
    expect(error.code).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    expect(isRetryable).toBe(false);
    expect(proxy.asked).toEqual([]);
    await allClosed(proxy);
  });

  test.each([
    ['socks5://proxy.test:1080', 'socks5://, which is not supported'],
    ['ftp://proxy.test', 'ftp://, which is not supported'],
    ['http://', 'is no URL'],
    ['http://proxy.test:port', 'is no URL'],
    ['', 'is no URL'],
  ])('cannot be %j', (proxy, words) => {
    const make = (): SocketSource => new SocketSource(new URL('http://a.test'), { proxy }, 'neighbour');
    expect(make).toThrow(InvalidOptionsError);
    expect(make).toThrow(words);
  });

  test('cannot stand before a socket file', () => {
    const options = { proxy: 'http://proxy.test', socketPath: '/run/service.sock' };
    const make = (): SocketSource => new SocketSource(new URL('http://a.test'), options, 'neighbour');
    expect(make).toThrow('proxy is given beside socketPath');
  });
});
