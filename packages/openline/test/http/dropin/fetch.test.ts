// Drop-in: fetch, Node's own and undici's, with the pool as its dispatcher.

import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { FormData as UndiciForm, Request as UndiciRequest, fetch as undiciFetch } from 'undici';
import { describe, expect, test } from 'vitest';
import { echo, type Seen, valuesOf } from '../support/dropin-echo.ts';
import { type Scene, withEach } from '../support/dropin-list.ts';
import { type Answer, cut, givenDropinServers } from '../support/dropin-servers.ts';

const servers = givenDropinServers({ withNginx: true });

const fetches = [
  ['Node’s', globalThis.fetch],
  ['undici’s', undiciFetch as unknown as typeof globalThis.fetch],
] as const;

withEach(servers, { contenders: ['HttpPool', 'undici.Agent'] }, (scene) => {
  describe.each(fetches)('%s fetch', (_whose, fetch) => testsOf(scene, fetch));
});

function testsOf({ given, server, url, isOurs }: Scene, fetch: typeof globalThis.fetch): void {
  /** What is to be asked, all by one dispatcher. */
  const asker = (answer: Answer) => {
    const dispatcher = given(answer) as never;
    return (path?: string, init: RequestInit & { duplex?: 'half' } = {}) =>
      fetch(url(path), { ...init, dispatcher } as RequestInit);
  };
  const redirecting: Answer = (incoming, response) => {
    const { pathname, searchParams } = new URL(incoming.url!, 'http://x');
    if (pathname !== '/go') return echo(incoming, response);
    response.writeHead(Number(searchParams.get('status')), { location: searchParams.get('to')! });
    incoming.resume().on('end', () => response.end());
  };

  test('a text, JSON, a Blob, an ArrayBuffer, a form', async () => {
    const ask = asker((_request, response) => {
      response.setHeader('content-type', 'application/x-www-form-urlencoded');
      response.end('a=1');
    });
    expect(await (await ask()).text()).toBe('a=1');
    expect(await (await (await ask()).blob()).text()).toBe('a=1');
    expect((await (await ask()).arrayBuffer()).byteLength).toBe(3);
    expect((await (await ask()).formData()).get('a')).toBe('1');
    const json = await asker((_request, response) => void response.end('[1]'))();
    expect(await json.json()).toEqual([1]);
  });

  test('status, ok, headers, both cookies, url', async () => {
    const ask = asker((_request, response) => {
      response.writeHead(404, { 'X-Name': 'v', 'set-cookie': ['a=1', 'b=2'] }).end();
    });
    const response = await ask('/path?q#hash');
    await response.text();
    expect([response.status, response.ok, response.headers.get('x-name')]).toEqual([404, false, 'v']);
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(response.url).toBe(url('/path?q'));
  });

  test.each([
    ['a string', () => 'text', 'text', 'text/plain;charset=UTF-8'],
    ['bytes', () => new TextEncoder().encode('text'), 'text', undefined],
    [
      'URLSearchParams',
      () => new URLSearchParams({ a: 'ä b' }),
      'a=%C3%A4+b',
      'application/x-www-form-urlencoded;charset=UTF-8',
    ],
    ['a Blob', () => new Blob(['text'], { type: 'a/b' }), 'text', 'a/b'],
    ['a stream', () => new Blob(['text']).stream(), 'text', undefined],
    [
      'FormData',
      (Form: typeof FormData) => formOf(Form, { name: 'value' }),
      'name="name"\r\n\r\nvalue',
      'multipart/form-data; boundary=',
    ],
  ])('sends %s', async (_what, make, text, type) => {
    const Form = fetch === globalThis.fetch ? FormData : (UndiciForm as unknown as typeof FormData);
    const response = await asker(echo)('/', { method: 'POST', body: make(Form) as string, duplex: 'half' });
    const seen = (await response.json()) as Seen;
    expect(seen.body).toContain(text);
    if (type === undefined) expect(valuesOf(seen, 'content-type')).toEqual([]);
    else expect(valuesOf(seen, 'content-type')[0]).toContain(type);
  });

  test('a Request with headers of its own', async () => {
    const dispatcher = given(echo) as never;
    const RequestOf = fetch === globalThis.fetch ? Request : UndiciRequest;
    const asked = new RequestOf(url('/x'), { method: 'PUT', body: 'b', headers: { 'x-name': 'v' } });
    const seen = (await (await fetch(asked as Request, { dispatcher } as RequestInit)).json()) as Seen;
    expect([seen.method, seen.url, seen.body, valuesOf(seen, 'x-name')]).toEqual(['PUT', '/x', 'b', ['v']]);
  });

  test.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
  ])('undoes %s', async (encoding, compress) => {
    const ask = asker((_request, response) => {
      response.writeHead(200, { 'content-encoding': encoding }).end(compress('text '.repeat(1_000)));
    });
    expect(await (await ask()).text()).toBe('text '.repeat(1_000));
  });

  test('undoes two encodings, and asks for some', async () => {
    const ask = asker((incoming, response) => {
      const encodings = {
        'content-encoding': 'deflate, gzip',
        'x-asked': incoming.headers['accept-encoding']!,
      };
      response.writeHead(200, encodings).end(gzipSync(deflateSync('text')));
    });
    const response = await ask();
    expect([await response.text(), response.headers.get('x-asked')]).toEqual([
      'text',
      expect.stringContaining('gzip'),
    ]);
  });

  test.each([
    [301, 'GET', ''],
    [302, 'GET', ''],
    [303, 'GET', ''],
    [307, 'POST', 'text'],
    [308, 'POST', 'text'],
  ])('follows a %i: a POST becomes a %s', async (status, method, body) => {
    const response = await asker(redirecting)(`/go?status=${status}&to=/there`, {
      method: 'POST',
      body: 'text',
    });
    expect(await response.json()).toMatchObject({ url: '/there', method, body });
    expect([response.redirected, response.url]).toEqual([true, url('/there')]);
  });

  test('follows no redirect if told so', async () => {
    const ask = asker(redirecting);
    const response = await ask('/go?status=302&to=/there', { redirect: 'manual' });
    await response.text();
    expect([response.status, response.headers.get('location')]).toEqual([302, '/there']);
    await expect(ask('/go?status=302&to=/there', { redirect: 'error' })).rejects.toThrow(TypeError);
  });

  test('follows twenty redirects and no more', async () => {
    let hops = 0;
    const ask = asker((_request, response) => {
      hops++;
      response.writeHead(302, { location: '/' }).end('on');
    });
    await expect(ask()).rejects.toMatchObject({ cause: { message: 'redirect count exceeded' } });
    expect(hops).toBe(21);
  });

  test('HEAD and 204 have no body', async () => {
    const ask = asker(
      (incoming, response) => void response.writeHead(incoming.method === 'HEAD' ? 200 : 204).end(),
    );
    expect(await (await ask('/', { method: 'HEAD' })).text()).toBe('');
    const { status, body } = await ask();
    expect([status, body]).toEqual([204, null]);
  });

  test('a body that is cancelled holds nothing', async () => {
    const ask = asker((_request, response) => void response.end(Buffer.alloc(300_000)));
    for (let round = 0; round < 12; round++) await (await ask()).body?.cancel();
    expect((await (await ask()).arrayBuffer()).byteLength).toBe(300_000);
  });

  test('a cloned response can be read twice', async () => {
    const response = await asker((_request, answer) => void answer.end('text'))();
    const copy = response.clone();
    expect([await response.text(), await copy.text()]).toEqual(['text', 'text']);
  });

  test('a body that ends too soon fails what reads it', async () => {
    let cutOff = (): void => undefined;
    const ask = asker((_request, response) => {
      response.write('half');
      cutOff = () => cut(response);
    });
    const response = await ask();
    cutOff();
    await expect(response.text()).rejects.toThrow(TypeError);
  });

  test('a source that fails fails the request', async () => {
    const body = new ReadableStream({ pull: (controller) => controller.error(new Error('no more')) });
    await expect(asker(echo)('/', { method: 'POST', body, duplex: 'half' })).rejects.toThrow();
  });

  if (server.by === 'node') {
    test('a server that hangs up: TypeError, the reason its cause', async () => {
      const ask = asker((_request, response) => cut(response));
      await expect(ask('/', { method: 'POST', body: 'x' })).rejects.toMatchObject({
        message: 'fetch failed',
        // Over HTTP/2 undici passes on Node's own error.
        cause: isOurs || !server.isH2 ? { code: 'UND_ERR_SOCKET' } : {},
      });
    });
  }
}

function formOf(Form: typeof FormData, values: Record<string, string>): FormData {
  const form = new Form();
  for (const [name, value] of Object.entries(values)) form.set(name, value);
  return form;
}
