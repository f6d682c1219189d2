// Which proxy the environment names for an origin, as undici's EnvHttpProxyAgent reads it.
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { proxyOfEnvironment } from '../../src/http/proxy.ts';
import { SocketSource } from '../../src/http/socket.ts';
import { lookupOf, silentServer, WatchedOpen } from '../support/sockets.ts';
import { TunnelProxy } from '../support/tunnel-proxy.ts';

function proxyFor(origin: string, environment: NodeJS.ProcessEnv): string | undefined {
  return proxyOfEnvironment(new URL(origin), environment)?.name;
}

describe('the proxy for an origin', () => {
  test.each([
    ['http://a.test', {}, undefined],
    ['http://a.test', { http_proxy: 'http://one.test' }, 'one.test:80'],
    ['http://a.test', { HTTP_PROXY: 'http://one.test:3128' }, 'one.test:3128'],
    ['http://a.test', { http_proxy: 'one.test:3128' }, 'one.test:3128'],
    ['http://a.test', { http_proxy: 'http://one.test', HTTP_PROXY: 'http://two.test' }, 'one.test:80'],
    ['http://a.test', { http_proxy: '', HTTP_PROXY: 'http://two.test' }, undefined],
    ['http://a.test', { https_proxy: 'http://one.test' }, undefined],
    ['https://a.test', { https_proxy: 'https://one.test' }, 'one.test:443'],
    ['https://a.test', { http_proxy: 'http://one.test' }, 'one.test:80'],
    ['https://a.test', { http_proxy: 'http://one.test', HTTPS_PROXY: 'http://two.test' }, 'two.test:80'],
  ])('%s in %j is %s', (origin, environment, proxy) => {
    expect(proxyFor(origin, environment)).toBe(proxy);
  });
});

describe('no_proxy', () => {
  test.each([
    ['a.test', 'http://a.test', true],
    ['A.TEST', 'http://a.test', true],
    ['a.test', 'http://sub.a.test', true],
    ['a.test', 'http://aa.test', false],
    ['.a.test', 'http://sub.a.test', true],
    ['.a.test', 'http://a.test', true],
    ['*.a.test', 'http://sub.a.test', true],
    ['*', 'http://a.test', true],
    ['b.test, a.test', 'http://a.test', true],
    ['b.test a.test', 'http://a.test', true],
    ['b.test', 'http://a.test', false],
    ['a.test:8080', 'http://a.test:8080', true],
    ['a.test:8080', 'http://a.test', false],
    ['a.test:80', 'http://a.test', true],
    ['a.test:443', 'https://a.test', true],
    ['a.test:443', 'http://a.test', false],
    ['127.0.0.1', 'http://127.0.0.1:9', true],
    ['[::1]', 'http://[::1]:9', true],
    ['[::1]:9', 'http://[::1]:9', true],
    ['[::1]:8', 'http://[::1]:9', false],
    ['::1', 'http://[::1]:9', true],
    ['', 'http://a.test', false],
  ])('%j exempts %s: %s', (noProxy, origin, isExempt) => {
    const name = proxyFor(origin, { http_proxy: 'http://one.test', no_proxy: noProxy });
    expect(name).toBe(isExempt ? undefined : 'one.test:80');
  });

  test('in small letters wins over the one in capitals', () => {
    const environment = { http_proxy: 'http://one.test', no_proxy: '', NO_PROXY: '*' };
    expect(proxyFor('http://a.test', environment)).toBe('one.test:80');
  });
});

describe('a socket', () => {
  const lookup = lookupOf('127.0.0.1');

  function withEnvironment(name: string, value: string): void {
    vi.stubEnv(name, value);
    onTestFinished(() => void vi.unstubAllEnvs());
  }

  async function address(source: SocketSource): Promise<string> {
    const watched = new WatchedOpen();
    const { socket } = await source.open(watched);
    socket.destroy();
    return watched.told;
  }

  test('goes through no proxy unless that is asked for', async () => {
    const { port } = await silentServer();
    withEnvironment('http_proxy', 'http://unknown.test');
    const origin = new URL(`http://a.test:${port}`);
    expect(await address(new SocketSource(origin, { lookup }, 'neighbour'))).toBe(`a.test:${port}`);
    expect(await address(new SocketSource(origin, { lookup, proxy: false }, 'neighbour'))).toBe(
      `a.test:${port}`,
    );
  });

  test('goes where the environment says when it is opened', async () => {
    const server = await silentServer();
    const proxy = await TunnelProxy.to(server);
    const source = new SocketSource(
      new URL(`http://a.test:${server.port}`),
      { lookup, proxy: 'environment' },
      'x',
    );
    withEnvironment('http_proxy', proxy.url);
    withEnvironment('no_proxy', '');
    expect(await address(source)).toBe(`a.test:${server.port} via localhost:${proxy.port}`);
    withEnvironment('no_proxy', 'a.test');
    expect(await address(source)).toBe(`a.test:${server.port}`);
  });

  test('is not opened if the environment names a proxy of another kind, and says so without its password', async () => {
    const source = new SocketSource(new URL('http://a.test'), { lookup, proxy: 'environment' }, 'neighbour');
    withEnvironment('no_proxy', '');
    withEnvironment('http_proxy', 'socks5://user:secret@one.test');
    const error = await source.open(new WatchedOpen()).catch((reason: Error) => reason);
    expect(error).toMatchObject({
      code: 'OPENLINE_PROXY_INVALID',
      message: expect.stringContaining(
        "the environment's http_proxy is of the kind socks5://, which is not supported",
      ),
    });
    expect(String(error)).not.toContain('secret');
    expect(source.isRetryable(error)).toBe(false);
  });
});
