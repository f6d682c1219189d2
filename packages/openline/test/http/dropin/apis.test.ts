// Drop-in: the further ways to ask that undici's dispatchers have: stream, pipeline, compose, and dispatch with handlers of both styles.

import { once } from 'node:events';
import { PassThrough, Readable, Writable } from 'node:stream';
import { pipeline as joined } from 'node:stream/promises';
import { type Dispatcher, pipeline, stream } from 'undici';
import { expect, test } from 'vitest';
import { echo, type Seen } from '../support/dropin-echo.ts';
import { when, withEach } from '../support/dropin-list.ts';
import { cut, givenDropinServers } from '../support/dropin-servers.ts';

const servers = givenDropinServers();

withEach(servers, {}, ({ given, server, url, isOurs }) => {
  const isSure = isOurs || !server.isH2;
  const collector = (): Writable & { text: string } =>
    Object.assign(
      new Writable({
        write(piece: Buffer, _encoding, done) {
          (this as Writable & { text: string }).text += String(piece);
          done();
        },
      }),
      { text: '' },
    );

  test('stream() writes the body where the factory says, and tells opaque, status and headers', async () => {
    const dispatcher = given(
      (_request, response) => void response.writeHead(201, { 'x-name': 'v' }).end('text'),
    );
    const into = collector();
    const seen: unknown[] = [];
    const { opaque } = await stream(url(), { dispatcher, method: 'GET', opaque: { into } }, (head) => {
      seen.push([head.statusCode, head.headers['x-name']]);
      return (head.opaque as { into: Writable }).into;
    });
    expect(seen).toEqual([[201, 'v']]);
    expect((opaque as { into: typeof into }).into.text).toBe('text');
  });

  test('stream() fails with what the factory throws, or with the target’s own error', async () => {
    const dispatcher = given((_request, response) => void response.end('text'));
    const failure = new Error('no target');
    const options = { dispatcher, method: 'GET' } as const;
    const throwing = stream(url(), options, () => {
      throw failure;
    });
    await expect(throwing).rejects.toBe(failure);
    const broken = new Writable({ write: (_piece, _encoding, done) => done(failure) });
    await expect(stream(url(), options, () => broken)).rejects.toBe(failure);
    const into = collector();
    await stream(url(), options, () => into);
    expect(into.text).toBe('text');
  });

  test('stream() fails when the server goes in the middle', async () => {
    const dispatcher = given((_request, response) => void response.write('half', () => cut(response)));
    const target = new PassThrough();
    target.on('error', () => undefined).resume();
    await expect(stream(url(), { dispatcher, method: 'GET' }, () => target)).rejects.toBeInstanceOf(Error);
    expect(target.destroyed).toBe(true);
  });

  test('stream() goes at the pace of its target', async () => {
    const dispatcher = given((_request, response) => void response.end(Buffer.alloc(2 ** 20)));
    let taken = 0;
    const slow = new Writable({
      highWaterMark: 1_024,
      write(piece: Buffer, _encoding, done) {
        taken += piece.length;
        setImmediate(done);
      },
    });
    await stream(url(), { dispatcher, method: 'GET' }, () => slow);
    expect(taken).toBe(2 ** 20);
  });

  test('pipeline() sends what is written and reads the answer', async () => {
    const dispatcher = given((incoming, response) => void incoming.pipe(response));
    const into = collector();
    const duplex = pipeline(url(), { dispatcher, method: 'PUT' }, ({ statusCode, body }) => {
      expect(statusCode).toBe(200);
      return body.pipe(new PassThrough());
    });
    await joined(Readable.from(['one', ' two', ' three']), duplex, into);
    expect(into.text).toBe('one two three');
  });

  test('pipeline() fails with what its handler throws, and when the server goes', async () => {
    const dispatcher = given((_request, response) => void response.end('text'));
    const failure = new Error('no handler');
    const throwing = pipeline(url(), { dispatcher, method: 'PUT' }, () => {
      throw failure;
    });
    await expect(joined(Readable.from(['x']), throwing, collector())).rejects.toBe(failure);
    servers.answer((_request, response) => cut(response));
    const gone = pipeline(url(), { dispatcher, method: 'PUT' }, ({ body }) => body);
    await expect(joined(Readable.from(['x']), gone, collector())).rejects.toBeInstanceOf(Error);
  });

  test('pipeline() that is destroyed gives the request up', async () => {
    let hasGone: Promise<unknown> | undefined;
    const dispatcher = given((incoming, response) => {
      hasGone = once(response, 'close');
      incoming.resume();
      response.write('half');
    });
    const duplex = pipeline(url(), { dispatcher, method: 'PUT' }, ({ body }) => body);
    duplex.on('error', () => undefined).end('x');
    duplex.once('data', () => duplex.destroy());
    await new Promise((resolve) => duplex.once('close', resolve));
    await hasGone;
  });

  test.each(['callbacks', 'controller'] as const)('dispatch() with a handler of %s', async (style) => {
    const dispatcher = given(echo);
    const { told, ended, handler } = recording(style);
    const options = { origin: new URL(url()).origin, path: '/x', method: 'POST', body: 'text' } as const;
    dispatcher.dispatch(options, handler);
    await ended;
    expect(told.filter((one, at) => one !== told[at - 1] && !one.startsWith('{'))).toEqual([
      'begun',
      'head 200',
      'end',
    ]);
    expect(JSON.parse(told.filter((one) => one.startsWith('{')).join('')) as Seen).toMatchObject({
      body: 'text',
    });
  });

  test.each(['callbacks', 'controller'] as const)('a handler of %s that pauses is resumed', async (style) => {
    const dispatcher = given((_request, response) => void response.end(Buffer.alloc(300_000, '{')));
    const { told, ended, handler } = recording(style, true);
    dispatcher.dispatch({ origin: new URL(url()).origin, path: '/', method: 'GET' }, handler);
    await ended;
    expect(told.join('').match(/\{/g)).toHaveLength(300_000);
  });

  test('a composed dispatcher sees each request, and may change it', async () => {
    const dispatcher = given(echo).compose((dispatch) => (options, handler) => {
      return dispatch({ ...options, path: '/changed', headers: { 'x-added': 'yes' } }, handler);
    });
    const { body } = await dispatcher.request({ origin: new URL(url()).origin, path: '/x', method: 'GET' });
    expect(await body.json()).toMatchObject({
      url: '/changed',
      headers: expect.arrayContaining([['x-added', 'yes']]),
    });
  });

  when(isSure)('onBodySent and onRequestSent tell how the request goes out', async () => {
    const dispatcher = given(echo);
    const { told, ended, handler } = recording('callbacks');
    const sent: string[] = [];
    Object.assign(handler, {
      onBodySent: (piece: Uint8Array) => void sent.push(Buffer.from(piece).toString()),
      onRequestSent: () => void sent.push('sent'),
    });
    const body = Readable.from([Buffer.from('a'), Buffer.from('b')]);
    dispatcher.dispatch({ origin: new URL(url()).origin, path: '/', method: 'POST', body }, handler);
    await ended;
    expect(sent).toEqual(['a', 'b', 'sent']);
    expect(told).toContain('end');
  });
});

/** A handler that writes down what it hears; if it pauses, after each piece until the next turn. */
function recording(style: 'callbacks' | 'controller', pauses = false) {
  const told: string[] = [];
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const over = (what: string): void => {
    told.push(what);
    end();
  };
  let resume: () => void = () => undefined;
  const callbacks = {
    onConnect: () => void told.push('begun'),
    onHeaders(status: number, _headers: unknown, go: () => void) {
      told.push(`head ${status}`);
      resume = go;
      return true;
    },
    onData(piece: Buffer) {
      told.push(String(piece));
      if (pauses) setImmediate(resume);
      return !pauses;
    },
    onComplete: () => over('end'),
    onError: (error: Error) => over(`error ${error.message}`),
  };
  const controlled = {
    onRequestStart: () => void told.push('begun'),
    onResponseStart: (_controller: unknown, status: number) => void told.push(`head ${status}`),
    onResponseData(controller: Dispatcher.DispatchController, piece: Buffer) {
      told.push(String(piece));
      if (!pauses) return;
      controller.pause();
      setImmediate(() => controller.resume());
    },
    onResponseEnd: () => over('end'),
    onResponseError: (_controller: unknown, error: Error) => over(`error ${error.message}`),
  };
  const handler = (style === 'callbacks' ? callbacks : controlled) as unknown as Dispatcher.DispatchHandler;
  return { told, ended, handler };
}
