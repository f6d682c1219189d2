// What a server gets to see of a request over HTTP/2, and what a receiver is told of its answer.
import type { ServerHttp2Stream } from 'node:http2';
import { describe, expect, test } from 'vitest';
import { openH2 } from '../../src/http/h2-connection.ts';
import { givenH2Server, givenSecureH2Server, tlsSocket } from './support/h2-servers.ts';
import { record } from './support/recorder.ts';

const answer = (stream: ServerHttp2Stream): void => {
  stream.respond({ ':status': 200 });
  stream.end('fine');
};

test('a request and its answer, in order', async () => {
  const server = await givenH2Server((stream) => {
    stream.respond({ ':status': 201, 'x-answer': 'yes' });
    stream.end('made');
  });
  const connection = await server.connect();
  const request = record(connection, { method: 'POST', path: '/orders', body: 'one' });
  expect(connection.isQuiet).toBe(false);
  await request.ended;
  expect(request.calls).toEqual([
    'connect',
    'bodySent',
    'requestSent',
    'responseStarted',
    'headers 201',
    'data',
    'complete',
  ]);
  expect(request.text).toBe('made');
  expect(request.fields).toContainEqual(['x-answer', 'yes']);
  expect(request.fields.filter(([name]) => name.startsWith(':'))).toEqual([]);
  expect(server.asked[0]?.headers).toMatchObject({
    ':method': 'POST',
    ':path': '/orders',
    ':scheme': 'http',
    ':authority': `127.0.0.1:${server.port}`,
    'content-length': '3',
  });
  expect(connection.isQuiet).toBe(true);
});

test('a request under TLS', async () => {
  const server = await givenSecureH2Server(answer);
  const socket = await tlsSocket(server.port, server.ca);
  const connection = await openH2(socket, `https://localhost:${server.port}`);
  const request = await record(connection).ended;
  expect(request.text).toBe('fine');
  expect(server.asked[0]?.headers).toMatchObject({
    ':scheme': 'https',
    ':authority': `localhost:${server.port}`,
  });
  await connection.close();
});

describe('headers', () => {
  test.each([
    ['a record', { 'X-One': '1', 'x-two': ['2', '3'], 'x-none': undefined, 'x-null': null, 'x-number': 4 }],
    ['names and values in turn', ['X-One', '1', 'x-two', ['2', '3'], 'x-null', null, 'x-number', 4]],
    [
      'pairs',
      new Map<string, unknown>([
        ['X-One', '1'],
        ['x-two', ['2', '3']],
        ['x-null', null],
        ['x-number', 4],
      ]),
    ],
    ['repeated names', ['X-One', '1', 'x-two', '2', 'X-Two', '3', 'x-null', '', 'x-number', '4']],
  ])('are taken as %s', async (_, headers) => {
    const server = await givenH2Server(answer);
    const request = await record(await server.connect(), { headers }).ended;
    expect(request.error).toBeUndefined();
    const { headers: got } = server.asked[0] ?? {};
    expect(got).toMatchObject({ 'x-one': '1', 'x-two': '2, 3', 'x-null': '', 'x-number': '4' });
    expect(got).not.toHaveProperty('x-none');
  });

  test('of the connection are left out, and of TE all but trailers', async () => {
    const server = await givenH2Server(answer);
    const connection = await server.connect();
    const ofConnection = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'];
    const headers = Object.fromEntries([...ofConnection, 'http2-settings'].map((name) => [name, 'x']));
    await record(connection, { headers: { ...headers, te: 'gzip' } }).ended;
    await record(connection, { headers: { TE: 'trailers' } }).ended;
    const [first, second] = server.asked.map((one) => Object.keys(one.headers));
    expect(first).toEqual([':method', ':scheme', ':authority', ':path']);
    expect(second).toContain('te');
  });

  test('may be large', async () => {
    const server = await givenH2Server(answer);
    const request = await record(await server.connect(), { headers: { a: 'b'.repeat(64_000) } }).ended;
    expect(request.status).toBe(200);
    expect(server.asked[0]?.headers['a']).toHaveLength(64_000);
  });

  test('host becomes the authority', async () => {
    const server = await givenH2Server(answer);
    await record(await server.connect(), { headers: { Host: 'shop.example:8443' } }).ended;
    expect(server.asked[0]?.headers).toMatchObject({ ':authority': 'shop.example:8443' });
    expect(server.asked[0]?.headers).not.toHaveProperty('host');
  });

  test('may be named as what every object has', async () => {
    const server = await givenH2Server(answer);
    await record(await server.connect(), { headers: ['constructor', 'a', 'constructor', 'b'] }).ended;
    expect(server.asked[0]?.headers['constructor']).toBe('a, b');
  });

  test('of an answer stay apart where they are repeated, byte for byte', async () => {
    const server = await givenH2Server((stream) => {
      stream.respond({ ':status': 200, 'set-cookie': ['a=1', 'b=2'], 'x-many': ['1', '2'], 'x-latin': 'é' });
      stream.end();
    });
    const { fields } = await record(await server.connect()).ended;
    expect(fields.filter(([name]) => name === 'set-cookie')).toEqual([
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ]);
    expect(fields.filter(([name]) => name === 'x-many')).toHaveLength(2);
    expect(fields).toContainEqual(['x-latin', 'é']);
  });
});

describe('paths', () => {
  test('take a query', async () => {
    const server = await givenH2Server(answer);
    await record(await server.connect(), { path: '/find', query: { name: 'a b', tag: ['x', 'y'] } }).ended;
    expect(server.asked[0]?.headers[':path']).toBe('/find?name=a%20b&tag=x&tag=y');
  });

  test('may be whole URLs, as a proxy is sent them', async () => {
    const server = await givenH2Server(answer);
    await record(await server.connect(), { path: 'https://shop.example/cart?id=1' }).ended;
    expect(server.asked[0]?.headers).toMatchObject({
      ':scheme': 'https',
      ':authority': 'shop.example',
      ':path': '/cart?id=1',
    });
  });
});

describe('answers without a body', () => {
  test.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ] as const)('%s, %i', async (method, status) => {
    const server = await givenH2Server((stream) => {
      stream.respond({ ':status': status, 'content-type': 'text/plain' }, { endStream: true });
    });
    const connection = await server.connect();
    const request = await record(connection, { method }).ended;
    expect(request.calls.slice(-2)).toEqual([`headers ${status}`, 'complete']);
    expect(connection.isQuiet).toBe(true);
  });
});

test('informational answers come before the true one', async () => {
  const server = await givenH2Server((stream) => {
    stream.additionalHeaders({ ':status': 103, link: '</style.css>; rel=preload' });
    stream.additionalHeaders({ ':status': 102 });
    answer(stream);
  });
  const request = await record(await server.connect()).ended;
  expect(request.heads.map(({ status }) => status)).toEqual([103, 102, 200]);
  expect(request.heads[0]?.fields).toEqual([['link', '</style.css>; rel=preload']]);
  expect(request.calls.filter((call) => call === 'responseStarted')).toHaveLength(1);
  expect(request.text).toBe('fine');
});

test('trailers come with the end, after a body that was paused', async () => {
  const server = await givenH2Server((stream) => {
    stream.respond({ ':status': 200 }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': ['a', 'b'] }));
    stream.end('counted');
  });
  const request = record(await server.connect(), {}, { keepsOn: ({ heads }) => heads.length === 0 });
  await request.until(({ heads }) => heads.length === 1);
  request.resume();
  await request.until(({ received }) => received.length > 0);
  request.resume();
  await request.ended;
  expect(request.calls.slice(-3)).toEqual(['headers 200', 'data', 'complete']);
  expect(request.trailers).toEqual([
    ['x-sum', 'a'],
    ['x-sum', 'b'],
  ]);
});

describe('what makes no sense is refused before anything is sent', () => {
  const invalid = 'UND_ERR_INVALID_ARG';
  test.each([
    ['a path that does not begin with a slash', { path: 'orders' }, invalid],
    ['a path with a space', { path: '/a b' }, invalid],
    ['a query beside a query', { path: '/a?b', query: { c: 1 } }, invalid],
    ['a method that is none', { method: 'GE T' }, invalid],
    ['a header name that is none', { headers: { 'a b': '1' } }, invalid],
    ['a pseudo header', { headers: { ':path': '/other' } }, invalid],
    ['a header value that ends the line', { headers: { a: 'b\r\nc: d' } }, invalid],
    ['an object as a header value', { headers: { a: {} } }, invalid],
    ['half a pair', { headers: ['a'] }, invalid],
    ['headers that are none', { headers: 'a: b' }, invalid],
    ['two hosts', { headers: ['host', 'a', 'host', 'b'] }, invalid],
    ['a length that is none', { headers: { 'content-length': 'many' } }, invalid],
    ['a header twice that comes once', { headers: ['content-type', 'a', 'content-type', 'b'] }, invalid],
    ['headers that are too large', { headers: { a: 'b'.repeat(65_000) } }, invalid],
    ['too many headers', { headers: Array.from({ length: 4_000 }, (_, at) => `a${at >> 1}`) }, invalid],
    ['a path that is too long', { path: `/${'a'.repeat(65_000)}` }, invalid],
    ['a body that is none', { method: 'POST', body: 7 }, invalid],
    ['a header in place of an option', { headers: { expect: '100-continue' } }, 'UND_ERR_NOT_SUPPORTED'],
    ['an upgrade', { upgrade: 'spdy' }, 'UND_ERR_NOT_SUPPORTED'],
    ['a WebSocket that the server does not take', { upgrade: 'websocket' }, 'UND_ERR_NOT_SUPPORTED'],
  ])('%s', async (_, options, code) => {
    const server = await givenH2Server(answer);
    const connection = await server.connect();
    const refused = await record(connection, options as object).ended;
    expect(refused.error).toMatchObject({ code });
    expect(refused.calls.at(-1)).toBe('error');
    const further = await record(connection).ended;
    expect(further.status).toBe(200);
    expect(server.asked).toHaveLength(1);
  });
});
