// Drop-in: servers that end connections: at once, after a while, after so many requests, and what they say of it; old servers, and odd ones.

import { createServer, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { HttpPool } from 'openline/http';
import { makeCertificates, startNginx } from 'openline-cli/servers';
import { Agent, type Dispatcher, request } from 'undici';
import { describe, expect, onTestFinished, test } from 'vitest';
import { listening } from '../../support/sockets.ts';
import { watched } from '../support/dropin-list.ts';
import { lacksNginx } from '../support/nginx.ts';

const contenders: readonly [string, () => Dispatcher][] = [
  ['HttpPool', () => watched(new HttpPool())],
  [
    'undici.Agent',
    () => {
      const agent = new Agent();
      onTestFinished(() => agent.destroy());
      return agent;
    },
  ],
];

/** A server that answers with these bytes, and may then hang up. */
async function rawServer(answer: string, closes: boolean): Promise<{ url: string; sockets: Socket[] }> {
  const server = createTcpServer((socket) => {
    socket.on('data', () => {
      if (closes) socket.end(answer, 'latin1');
      else socket.write(answer, 'latin1');
    });
  });
  const { port, sockets } = await listening(server);
  return { url: `http://127.0.0.1:${port}`, sockets };
}

describe.each(contenders)('%s', (contender, make) => {
  const textsOf = async (url: string, dispatcher: Dispatcher, count = 3): Promise<string[]> => {
    const texts: string[] = [];
    for (let at = 0; at < count; at++) texts.push(await (await request(url, { dispatcher })).body.text());
    return texts;
  };

  test('HTTP/1.0: the body ends with the connection', async () => {
    const { url, sockets } = await rawServer('HTTP/1.0 200 OK\r\nx-name: v\r\n\r\ntext', true);
    expect(await textsOf(url, make())).toEqual(['text', 'text', 'text']);
    expect(sockets).toHaveLength(3);
  });

  test('HTTP/1.1 with neither a length nor chunks: the same', async () => {
    const { url } = await rawServer('HTTP/1.1 200 OK\r\n\r\ntext', true);
    expect(await textsOf(url, make())).toEqual(['text', 'text', 'text']);
  });

  test('connection: close', async () => {
    const { url, sockets } = await rawServer(
      'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\ntext',
      true,
    );
    expect(await textsOf(url, make())).toEqual(['text', 'text', 'text']);
    expect(sockets).toHaveLength(3);
  });

  test('connection: close said, and not done', async () => {
    const { url, sockets } = await rawServer(
      'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\ntext',
      false,
    );
    expect(await textsOf(url, make())).toEqual(['text', 'text', 'text']);
    expect(sockets).toHaveLength(3);
  });

  test('chunks with extensions, and trailers nobody announced', async () => {
    const chunks = '2;a=b\r\nte\r\n2\r\nxt\r\n0\r\nx-sum: 1\r\n\r\n';
    const { url } = await rawServer(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`, false);
    const { body, trailers } = await request(url, { dispatcher: make() });
    expect([await body.text(), trailers]).toEqual(['text', { 'x-sum': '1' }]);
  });

  test.each([
    ['no HTTP at all', 'SSH-2.0-server\r\n', { name: 'HTTPParserError' }],
    ['a status that is none', 'HTTP/1.1 abc\r\n\r\n', { name: 'HTTPParserError' }],
    ['a length that is none', 'HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n', { name: 'HTTPParserError' }],
    [
      'a chunk that is none',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n',
      { name: 'HTTPParserError' },
    ],
    ['nothing', '', { code: 'UND_ERR_SOCKET' }],
    ['half a head', 'HTTP/1.1 200 OK\r\nx-na', { code: 'UND_ERR_SOCKET' }],
    ['half a body', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ntext', { code: 'UND_ERR_SOCKET' }],
  ])('%s is an error', async (_what, answer, failure) => {
    const { url } = await rawServer(answer, true);
    const asked = request(url, { dispatcher: make(), method: 'POST', body: 'x' }).then(({ body }) =>
      body.text(),
    );
    await expect(asked).rejects.toMatchObject(failure);
  });

  test('headers larger than allowed are an error, and the next answer is well', async () => {
    const large = (_request: unknown, response: ServerResponse): void => {
      response.setHeader('x-large', 'x'.repeat(100_000)).end('text');
    };
    const server = createServer((incoming, response) =>
      incoming.url === '/' ? large(incoming, response) : response.end('well'),
    );
    const { port } = await listening(server);
    const dispatcher = make();
    const url = `http://127.0.0.1:${port}`;
    await expect(request(url, { dispatcher })).rejects.toMatchObject({ code: 'UND_ERR_HEADERS_OVERFLOW' });
    expect(await (await request(`${url}/well`, { dispatcher })).body.text()).toBe('well');
  });

  test.each([
    ['keep-alive: timeout=1', 'timeout=1'],
    ['keep-alive: max=2', 'timeout=5, max=2'],
    ['keep-alive: nonsense', 'x; timeout=x'],
  ])('%s: every request is answered', async (_what, hint) => {
    const server = createServer(
      (_request, response) => void response.setHeader('keep-alive', hint).end('text'),
    );
    const { port } = await listening(server);
    expect(await textsOf(`http://127.0.0.1:${port}`, make(), 6)).toEqual(Array(6).fill('text'));
  });

  test('a 100 that nobody asked for is a clear error over HTTP/1.1', async () => {
    const { url } = await rawServer(
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntext',
      false,
    );
    await expect(request(url, { dispatcher: make() })).rejects.toMatchObject({
      code: 'UND_ERR_SOCKET',
      message: expect.stringMatching(
        contender === 'HttpPool' ? /100 Continue.*expectContinue/ : /bad response/,
      ),
    });
  });

  test('a 101 that nobody asked for is an error', async () => {
    const { url } = await rawServer(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
      false,
    );
    await expect(request(url, { dispatcher: make() })).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' });
  });

  test('a server that is restarted is found again', async () => {
    const first = createServer((_request, response) => response.end('first'));
    const { port, sockets } = await listening(first);
    const dispatcher = make();
    const url = `http://127.0.0.1:${port}`;
    expect(await textsOf(url, dispatcher, 1)).toEqual(['first']);
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => first.close(resolve));
    await listening(
      createServer((_request, response) => response.end('second')),
      '127.0.0.1',
      port,
    );
    // undici may find the old connection's end only by this.
    await expect.poll(() => textsOf(url, dispatcher, 1).catch(String)).toEqual(['second']);
  });
});

describe.skipIf(lacksNginx)(
  `nginx that keeps connections for three requests only${lacksNginx ? ` (${lacksNginx})` : ''}`,
  () => {
    test('two hundred requests over each protocol, ten at a time: none is lost', async () => {
      const { ca, cert, key } = await makeCertificates(['127.0.0.1']);
      const directives =
        'keepalive_requests 3; keepalive_timeout 1s; location / { return 200 $request_uri; }';
      const protocols = ['http', 'https', 'h2'] as const;
      const nginx = await startNginx({
        certificates: { cert, key },
        sites: protocols.map((protocol) => ({ protocol, directives })),
      });
      onTestFinished(() => nginx.stop());
      const pool = watched(new HttpPool({ tls: { ca } }));
      for (const [at, protocol] of protocols.entries()) {
        const url = `${protocol === 'http' ? 'http' : 'https'}://127.0.0.1:${nginx.ports[at]}`;
        let next = 0;
        const caller = async (): Promise<void> => {
          while (next < 200) {
            const path = `/${next++}`;
            const method = next % 2 === 0 ? 'GET' : 'POST';
            const { body } = await request(url + path, { dispatcher: pool, method });
            expect(await body.text()).toBe(path);
          }
        };
        await Promise.all(Array.from({ length: 10 }, caller));
      }
      expect(pool.stats().origins.map(({ requestTotals }) => requestTotals.failed)).toEqual([0, 0, 0]);
    });
  },
);
