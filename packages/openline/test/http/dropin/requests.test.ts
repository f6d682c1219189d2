// Drop-in: requests as the server gets them, and what of their answers does not depend on the body.

import { createHash } from 'node:crypto';
import { Headers, request } from 'undici';
import { describe, expect, test } from 'vitest';
import { echo, type Seen, valuesOf } from '../support/dropin-echo.ts';
import { when, withEach } from '../support/dropin-list.ts';
import { givenDropinServers } from '../support/dropin-servers.ts';

const servers = givenDropinServers({ withNginx: true });

withEach(servers, {}, ({ given, server, url, isOurs }) => {
  // Where undici itself does otherwise over HTTP/2, the list asks only what the pool must do.
  const isSure = isOurs || !server.isH2;
  const seenBy = async (options: Parameters<typeof request>[1], path?: string): Promise<Seen> => {
    const { body } = await request(url(path), { dispatcher: given(echo), ...options });
    return (await body.json()) as Seen;
  };

  test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const)(
    '%s arrives as such',
    async (method) => {
      expect(await seenBy({ method })).toMatchObject({ method, url: '/', body: '' });
    },
  );

  test('a method of its own name is sent as it is written', async () => {
    expect((await seenBy({ method: 'PROPFIND' as 'GET' })).method).toBe('PROPFIND');
  });

  test('HEAD has the headers of an answer and no body', async () => {
    const dispatcher = given((_request, response) => {
      response.writeHead(200, { 'content-length': '17', 'x-name': 'v' }).end();
    });
    for (let round = 0; round < 2; round++) {
      const { statusCode, headers, body } = await request(url(), { dispatcher, method: 'HEAD' });
      expect([statusCode, headers['content-length'], headers['x-name']]).toEqual([200, '17', 'v']);
      expect(await body.text()).toBe('');
    }
  });

  test.each([204, 304])(
    'a %i has no body, and the next request finds the connection well',
    async (status) => {
      const dispatcher = given(
        (_request, response) => void response.writeHead(status, { etag: '"x"' }).end(),
      );
      for (let round = 0; round < 2; round++) {
        const { statusCode, headers, body } = await request(url(), { dispatcher });
        expect([statusCode, headers['etag'], await body.text()]).toEqual([status, '"x"', '']);
      }
    },
  );

  test.each([200, 201, 206, 400, 404, 418, 500, 503, 599])(
    'a %i is an answer, not an error',
    async (status) => {
      const dispatcher = given((_request, response) => void response.writeHead(status).end('text'));
      const { statusCode, body } = await request(url(), { dispatcher });
      expect([statusCode, await body.text()]).toEqual([status, 'text']);
    },
  );

  test('path and query arrive as they are written', async () => {
    expect((await seenBy({}, '/a%20b/../c;d?x=1&y=%C3%A4&x=2')).url).toBe('/c;d?x=1&y=%C3%A4&x=2');
  });

  test('the option query is added to the path', async () => {
    const query = { a: 1, b: [2, 'three'], c: 'ä&=', d: true };
    expect((await seenBy({ query }, '/p')).url).toBe('/p?a=1&b=2&b=three&c=%C3%A4%26%3D&d=true');
  });

  test('query on a URL that has one already is refused', async () => {
    await expect(seenBy({ query: { a: 1 } }, '/p?b=2')).rejects.toThrow(/query/i);
  });

  describe('headers', () => {
    test.each([
      ['an object', { 'X-One': '1', 'x-two': '2' }],
      ['a flat array', ['X-One', '1', 'x-two', '2']],
      ['Headers', new Headers({ 'X-One': '1', 'x-two': '2' })],
      ['a Map', new Map(Object.entries({ 'X-One': '1', 'x-two': '2' }))],
      ['pairs from a generator', pairs(['X-One', '1'], ['x-two', '2'])],
    ])('as %s', async (_what, headers) => {
      const seen = await seenBy({ headers: headers as Record<string, string> });
      expect([valuesOf(seen, 'x-one'), valuesOf(seen, 'x-two')]).toEqual([['1'], ['2']]);
    });

    when(isSure)('of one name, several times', async () => {
      expect(valuesOf(await seenBy({ headers: { 'x-many': ['a', 'b', 'c'] } }), 'x-many')).toEqual([
        'a',
        'b',
        'c',
      ]);
      expect(valuesOf(await seenBy({ headers: ['x-many', 'a', 'X-Many', 'b'] }), 'x-many')).toEqual([
        'a',
        'b',
      ]);
    });

    test('with no value: undefined is left out, null and empty are sent empty', async () => {
      const seen = await seenBy({ headers: { 'x-no': undefined, 'x-empty': '', 'x-null': null as never } });
      expect([valuesOf(seen, 'x-no'), valuesOf(seen, 'x-empty')]).toEqual([[], ['']]);
    });

    test('numbers and booleans are written out', async () => {
      const seen = await seenBy({ headers: { 'x-number': 42, 'x-boolean': true } as never });
      expect([valuesOf(seen, 'x-number'), valuesOf(seen, 'x-boolean')]).toEqual([['42'], ['true']]);
    });

    test('with letters of Latin-1', async () => {
      expect(valuesOf(await seenBy({ headers: { 'x-name': 'café' } }), 'x-name')).toEqual(['café']);
    });

    // undici takes the header for the name in the certificate; the pool goes by the URL.
    when(isOurs || server.scheme === 'http')('a host of the caller, else that of the URL', async () => {
      expect((await seenBy({ headers: { host: 'example.test' } })).host).toBe('example.test');
      expect((await seenBy({})).host).toBe(new URL(url()).host);
    });

    test('a user agent of the caller', async () => {
      expect(valuesOf(await seenBy({ headers: { 'user-agent': 'us/1' } }), 'user-agent')).toEqual(['us/1']);
      expect(valuesOf(await seenBy({}), 'user-agent')).toEqual([]);
    });

    test('changed after the request was sent, they are not changed any more', async () => {
      const headers: Record<string, string> = { 'x-name': 'before' };
      const seen = seenBy({ headers });
      headers['x-name'] = 'after';
      // What waits for its connection is read when it gets one.
      if (isOurs) return void (await seen);
      expect(valuesOf(await seen, 'x-name')).toEqual(['before']);
    });

    test('of an answer: two cookies stay two, and others of one name are a list', async () => {
      const dispatcher = given((_request, response) => {
        response.writeHead(200, { 'set-cookie': ['a=1', 'b=2'], 'x-many': ['1', '2'] }).end();
      });
      const { headers, body } = await request(url(), { dispatcher });
      await body.dump();
      expect(headers['set-cookie']).toEqual(['a=1', 'b=2']);
      expect([headers['x-many']].flat().join(', ')).toBe('1, 2');
    });

    test('of an answer, raw: as they came', async () => {
      const dispatcher = given((_request, response) => void response.writeHead(200, { 'X-Name': 'v' }).end());
      const { headers, body } = await request(url(), { dispatcher, responseHeaders: 'raw' } as never);
      await body.dump();
      const raw = (headers as unknown as (Buffer | string)[]).map(String);
      expect(raw[raw.findIndex((one) => one.toLowerCase() === 'x-name') + 1]).toBe('v');
    });

    when(isSure)('of an answer, with letters of Latin-1', async () => {
      const dispatcher = given(
        (_request, response) => void response.writeHead(200, { 'x-name': 'café' }).end(),
      );
      const { headers, body } = await request(url(), { dispatcher });
      await body.dump();
      expect(headers['x-name']).toBe('café');
    });

    when(isSure)('of an answer, two hundred of them', async () => {
      const dispatcher = given((_request, response) => {
        for (let at = 0; at < 200; at++) response.setHeader(`x-${at}`, `${at}`);
        response.end();
      });
      const { headers, body } = await request(url(), { dispatcher });
      await body.dump();
      expect(Object.keys(headers).filter((name) => name.startsWith('x-'))).toHaveLength(200);
    });
  });

  test('the origin may be a URL, a string, or stand beside the path', async () => {
    const dispatcher = given(echo);
    const { origin } = new URL(url());
    for (const where of [{ origin }, { origin: new URL(origin) }, { origin: `${origin}/` }]) {
      const { body } = await dispatcher.request({ ...where, path: '/x', method: 'GET' });
      expect(((await body.json()) as Seen).url).toBe('/x');
    }
    for (const whole of [url('/x'), new URL(url('/x')), { ...locationOf(url('/x')) }]) {
      const { body } = await request(whole as string, { dispatcher });
      expect(((await body.json()) as Seen).url).toBe('/x');
    }
  });

  when(isSure)('three hundred requests at once are answered, each with its own answer', async () => {
    const dispatcher = given((incoming, response) => void response.end(incoming.url));
    const asked = Array.from({ length: 300 }, (_, at) => `/${at}`);
    const answers = asked.map(async (path) => (await request(url(path), { dispatcher })).body.text());
    expect(await Promise.all(answers)).toEqual(asked);
  });

  when(isOurs)('requests after each other use one connection', async () => {
    const ports = new Set<number | undefined>();
    const dispatcher = given((incoming, response) => {
      if (server.by === 'node') ports.add(incoming.socket.remotePort);
      response.end(createHash('sha1').update(incoming.url!).digest('hex'));
    });
    for (let at = 0; at < 10; at++) await (await request(url(`/${at}`), { dispatcher })).body.text();
    expect(ports.size).toBeLessThanOrEqual(1);
  });
});

function* pairs(...all: [string, string][]): Generator<[string, string]> {
  yield* all;
}

function locationOf(whole: string): object {
  const { protocol, hostname, port, pathname, search } = new URL(whole);
  return { protocol, hostname, port, pathname, search };
}
