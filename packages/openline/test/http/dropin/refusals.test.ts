// Drop-in: what is refused before it is sent, with undici's own codes, and harms nothing.

import { Readable } from 'node:stream';
import { type Dispatcher, request } from 'undici';
import { expect, test } from 'vitest';
import { echo } from '../support/dropin-echo.ts';
import { withEach } from '../support/dropin-list.ts';
import { givenDropinServers } from '../support/dropin-servers.ts';

const servers = givenDropinServers();

const invalidArgument = 'UND_ERR_INVALID_ARG';
const notSupported = 'UND_ERR_NOT_SUPPORTED';
const mismatch = 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH';

/** What is wrong, the options, the code. */
const refused: readonly [string, Record<string, unknown>, string][] = [
  ['a space in the name of a header', { headers: { 'x y': '1' } }, invalidArgument],
  ['an empty name of a header', { headers: { '': '1' } }, invalidArgument],
  ['a line feed in a header', { headers: { x: 'a\nb' } }, invalidArgument],
  ['a carriage return in a header', { headers: { x: 'a\rb' } }, invalidArgument],
  ['a NUL in a header', { headers: { x: 'a\0b' } }, invalidArgument],
  ['a letter beyond Latin-1 in a header', { headers: { x: '\u0100' } }, invalidArgument],
  ['a header that is an object', { headers: { x: {} } }, invalidArgument],
  ['a header with an object in its list', { headers: { x: ['a', {}] } }, invalidArgument],
  ['a header with a line feed in its list', { headers: { x: ['a', 'b\n'] } }, invalidArgument],
  ['a flat array of an odd length', { headers: ['x'] }, invalidArgument],
  ['pairs that are none', { headers: new Set(['x']) }, invalidArgument],
  ['headers that are a number', { headers: 5 }, invalidArgument],
  ['two hosts', { headers: ['host', 'a.test', 'Host', 'b.test'] }, invalidArgument],
  ['a list of hosts', { headers: { host: ['a.test', 'b.test'] } }, invalidArgument],
  [
    'two lengths',
    { method: 'POST', body: 'x', headers: ['content-length', '1', 'Content-Length', '1'] },
    invalidArgument,
  ],
  [
    'a length that is no number',
    { method: 'POST', body: 'x', headers: { 'content-length': 'x' } },
    invalidArgument,
  ],
  [
    'a length that is not the text’s',
    { method: 'POST', body: 'text', headers: { 'content-length': '9' } },
    mismatch,
  ],
  ['the header expect', { headers: { expect: '100-continue' } }, notSupported],
  ['a space in the method', { method: 'G T' }, invalidArgument],
  ['a line feed in the method', { method: 'GET\n' }, invalidArgument],
  ['a method that is a number', { method: 5 }, invalidArgument],
  ['a space in the path', { path: '/a b' }, invalidArgument],
  ['a line feed in the path', { path: '/a\nb' }, invalidArgument],
  ['a path without a slash', { path: 'a' }, invalidArgument],
  ['a path that is a number', { path: 5 }, invalidArgument],
  ['a body that is a number', { method: 'POST', body: 5 }, invalidArgument],
  ['a body that is an object', { method: 'POST', body: { a: 1 } }, invalidArgument],
  ['an onInfo that is no function', { onInfo: 'no' }, invalidArgument],
  ['a signal that is none', { signal: {} }, invalidArgument],
  ['a highWaterMark below 0', { highWaterMark: -1 }, invalidArgument],
  ['a CONNECT by request()', { method: 'CONNECT' }, invalidArgument],
  ['an origin of another protocol', { origin: 'ftp://127.0.0.1' }, invalidArgument],
  ['no origin', { origin: undefined }, invalidArgument],
  ['a headersTimeout below 0', { headersTimeout: -1 }, invalidArgument],
  ['a bodyTimeout that is a word', { bodyTimeout: 'long' }, invalidArgument],
];

withEach(servers, { contenders: ['HttpPool', 'undici.Agent'] }, ({ given, url }) => {
  test.each(refused)('%s', async (_what, options, code) => {
    const dispatcher = given(echo);
    const { origin } = new URL(url());
    const whole = { origin, path: '/', method: 'GET', ...options } as Dispatcher.RequestOptions;
    await expect(dispatcher.request(whole)).rejects.toMatchObject({ code });
    const { statusCode, body } = await request(url(), { dispatcher });
    expect(statusCode).toBe(200);
    await body.dump();
  });

  test('a stream that was to be the body of a refused request is destroyed', async () => {
    const dispatcher = given(echo);
    const body = new Readable({ read() {} });
    await expect(request(url(), { dispatcher, method: 'G T' as 'GET', body })).rejects.toMatchObject({
      code: invalidArgument,
    });
    expect(body.destroyed).toBe(true);
  });

  test('a handler that is none, and options that are none', () => {
    const dispatcher = given(echo);
    const dispatch = dispatcher.dispatch.bind(dispatcher) as (options: unknown, handler: unknown) => boolean;
    expect(() => dispatch({ origin: url(), path: '/', method: 'GET' }, null)).toThrow(
      expect.objectContaining({ code: invalidArgument }),
    );
    const told: unknown[] = [];
    const handler = { onError: (error: unknown) => told.push(error) };
    dispatch(null, handler);
    dispatch({ path: '/', method: 'GET' }, handler);
    expect(told).toEqual([
      expect.objectContaining({ code: invalidArgument }),
      expect.objectContaining({ code: invalidArgument }),
    ]);
  });

  test('close() and destroy() with a callback that is none', () => {
    const dispatcher = given(echo);
    expect(() => dispatcher.close(5 as never)).toThrow(expect.objectContaining({ code: invalidArgument }));
    expect(() => dispatcher.destroy(null, 5 as never)).toThrow(
      expect.objectContaining({ code: invalidArgument }),
    );
  });
});
