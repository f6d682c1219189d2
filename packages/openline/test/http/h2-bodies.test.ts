// The bodies of requests over HTTP/2: every kind that undici takes, at the pace of the server, and what ends them early.
import type { ServerHttp2Stream } from 'node:http2';
import { Readable } from 'node:stream';
import { FormData as UndiciFormData } from 'undici';
import { describe, expect, test } from 'vitest';
import { givenH2Server, type H2Server } from './support/h2-servers.ts';
import { record } from './support/recorder.ts';

/** Answers with what it was sent. */
const echo = (stream: ServerHttp2Stream): void => {
  const pieces: Buffer[] = [];
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  stream.on('end', () => {
    // From Node 22 on a server is told of an end where a client took its request back.
    if (stream.destroyed) return;
    stream.respond({ ':status': 200 });
    stream.end(Buffer.concat(pieces));
  });
};

const contentLength = (server: H2Server): unknown => server.asked.at(-1)?.headers['content-length'];

async function* pieces(...all: unknown[]): AsyncGenerator<unknown> {
  yield* all;
}

const bytes = new TextEncoder().encode('hello');

describe('is sent', () => {
  test.each<[string, () => unknown, string | undefined]>([
    ['a string', () => 'héllo', '6'],
    ['a Buffer', () => Buffer.from('hello'), '5'],
    ['a typed array', () => bytes, '5'],
    ['a part of a buffer', () => new DataView(bytes.buffer, 1, 3), '3'],
    ['an ArrayBuffer', () => bytes.buffer, '5'],
    ['a Blob', () => new Blob(['hel', 'lo']), '5'],
    ['a stream', () => Readable.from([Buffer.from('hel'), Buffer.from('lo')]), undefined],
    ['a web stream', () => new Blob(['hello']).stream(), undefined],
    ['an async generator', () => pieces('hel', bytes.subarray(3)), undefined],
    ['a list', () => ['hel', '', 'lo'], undefined],
    ['a stream of long ago', () => oldStream('hello'), undefined],
  ])('%s', async (_, make, length) => {
    const server = await givenH2Server(echo);
    const connection = await server.connect();
    const request = await record(connection, { method: 'POST', body: make() }).ended;
    expect(request.error).toBeUndefined();
    const whole = Buffer.concat(request.sent).toString();
    expect('héllo hello').toContain(whole);
    expect(whole.length).toBeGreaterThan(2);
    expect(request.text).toBe(whole);
    expect(contentLength(server)).toBe(length);
    const calls = request.calls.filter((call) => call === 'bodySent' || call === 'requestSent');
    expect(calls).toEqual(['bodySent', 'requestSent']);
  });

  test.each([
    ['POST', '0'],
    ['GET', undefined],
    ['DELETE', undefined],
  ])('nothing, with %s', async (method, length) => {
    const server = await givenH2Server(echo);
    for (const body of [undefined, null, '', Buffer.alloc(0)]) {
      const request = await record(await server.connect(), { method, body }).ended;
      expect(request.calls.slice(0, 2)).toEqual(['connect', 'requestSent']);
      expect(request.text).toBe('');
      expect(contentLength(server)).toBe(length);
    }
  });

  test('a body with GET', async () => {
    const server = await givenH2Server(echo);
    const request = await record(await server.connect(), { method: 'GET', body: 'which?' }).ended;
    expect(request.text).toBe('which?');
  });

  test.each([
    ["undici's", UndiciFormData],
    ["Node's", FormData],
  ])('a form of %s', async (_, Form) => {
    const server = await givenH2Server(echo);
    const form = new Form();
    form.append('name', 'Ada');
    form.append('file', new Blob(['inside']), 'file.txt');
    const request = await record(await server.connect(), { method: 'POST', body: form }).ended;
    const type = String(server.asked[0]?.headers['content-type']);
    const [, boundary = 'none'] = /^multipart\/form-data; boundary=(.+)$/.exec(type) ?? [];
    expect(request.text).toContain(boundary);
    const read = await new Response(request.text, { headers: { 'content-type': type } }).formData();
    expect(read.get('name')).toBe('Ada');
    expect(await (read.get('file') as File).text()).toBe('inside');
  });

  test('as long as its length says', async () => {
    const server = await givenH2Server(echo);
    const connection = await server.connect();
    const headers = { 'content-length': '5' };
    const streamed = await record(connection, { method: 'PUT', headers, body: pieces('hel', 'lo') }).ended;
    expect(streamed.text).toBe('hello');
    expect(contentLength(server)).toBe('5');
  });
});

describe('a length that is not true fails the request', () => {
  test.each([
    ['of a whole body', () => 'hello!'],
    ['of a stream with more', () => Readable.from(['hello', '!'])],
    ['of a stream with less', () => Readable.from(['hel'])],
  ])('%s', async (_, make) => {
    const server = await givenH2Server(echo);
    const connection = await server.connect();
    const headers = { 'content-length': '5' };
    const request = await record(connection, { method: 'POST', headers, body: make() }).ended;
    expect(request.error).toMatchObject({ code: 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH' });
    expect((await record(connection).ended).status).toBe(200);
  });
});

describe('the source', () => {
  test('is read no faster than the server reads', async () => {
    const server = await givenH2Server((stream) => void stream.pause());
    const connection = await server.connect();
    let given = 0;
    const body = new Readable({
      read() {
        given += 16_384;
        this.push(Buffer.alloc(16_384));
      },
    });
    const request = record(connection, { method: 'POST', body });
    // The server's window is full: the connection proves that by a ping, which overtakes nothing that was to be sent.
    while (server.asked.length === 0) await connection.ping();
    let before = -1;
    while (given !== before) {
      before = given;
      await connection.ping();
      await connection.ping();
    }
    expect(given).toBeLessThan(1_000_000);
    request.abort(new Error('enough'));
    await request.ended;
    expect(body.destroyed).toBe(true);
  });

  test('ends the request with its own error', async () => {
    const server = await givenH2Server(echo);
    const connection = await server.connect();
    const failure = new Error('the disk is gone');
    const body = new Readable({ read: () => undefined });
    const request = record(connection, { method: 'POST', body });
    body.push('half');
    await request.until(({ sent }) => sent.length === 1);
    body.destroy(failure);
    await request.ended;
    expect(request.error).toBe(failure);
    expect(request.isUnprocessed).toBe(false);
    expect((await record(connection).ended).status).toBe(200);
  });

  test('may give no such thing as an object', async () => {
    const server = await givenH2Server(echo);
    const request = await record(await server.connect(), { method: 'POST', body: pieces({}) }).ended;
    expect(request.error?.message).toContain('a piece of type object');
  });

  test.each([
    ['when the request makes no sense', { headers: { 'bad name': '1' } }],
    ['when the server closes the connection', {}],
  ])('is destroyed %s', async (_, options) => {
    const server = await givenH2Server((stream) => stream.session?.socket.destroySoon());
    const body = new Readable({ read: () => undefined });
    const request = record(await server.connect(), { method: 'POST', body, ...options });
    body.push('half');
    await request.ended;
    expect(request.error).toBeDefined();
    expect(body.destroyed).toBe(true);
  });

  test('is told to stop when the request is aborted while it works on a piece', async () => {
    const server = await givenH2Server(echo);
    let isStopped = false;
    const body = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<never>(() => undefined),
        return: async () => {
          isStopped = true;
          return { done: true as const, value: undefined };
        },
      }),
    };
    const request = record(await server.connect(), { method: 'POST', body });
    request.abort(new Error('enough'));
    await request.ended;
    expect(isStopped).toBe(true);
  });

  test('is stopped when the server has answered without the rest', async () => {
    const server = await givenH2Server((stream) => {
      stream.respond({ ':status': 413 });
      stream.end('too large');
    });
    const connection = await server.connect();
    const body = new Readable({ read: () => undefined });
    const request = await record(connection, { method: 'POST', body }).ended;
    expect(request.status).toBe(413);
    expect(request.text).toBe('too large');
    expect(body.destroyed).toBe(true);
    expect(connection.isQuiet).toBe(true);
  });
});

describe('with expectContinue', () => {
  test('it waits for the leave of the server', async () => {
    const order: string[] = [];
    const server = await givenH2Server((stream, headers) => {
      expect(headers.expect).toBe('100-continue');
      order.push('asked');
      stream.additionalHeaders({ ':status': 100 });
      echo(stream);
    });
    const connection = await server.connect();
    const request = record(connection, { method: 'POST', body: 'now', expectContinue: true });
    await request.ended;
    expect(request.calls).toEqual([
      'connect',
      'responseStarted',
      'headers 100',
      'bodySent',
      'requestSent',
      'headers 200',
      'data',
      'complete',
    ]);
    expect(request.text).toBe('now');
    expect(order).toEqual(['asked']);
  });

  test('it is not sent to a server that does not want it', async () => {
    const server = await givenH2Server((stream) => {
      stream.respond({ ':status': 417 });
      stream.end();
    });
    const body = new Readable({ read: () => undefined });
    const connection = await server.connect();
    const request = await record(connection, { method: 'POST', body, expectContinue: true }).ended;
    expect(request.status).toBe(417);
    expect(request.sent).toEqual([]);
    expect(body.destroyed).toBe(true);
  });
});

function oldStream(text: string): object {
  const stream = Readable.from([Buffer.from(text)]);
  const { on, pipe, pause, resume, removeListener } = stream;
  const old = { on, pipe, pause, resume, removeListener };
  for (const [name, method] of Object.entries(old)) Object.assign(old, { [name]: method.bind(stream) });
  return old;
}
