// Drop-in: the bodies of requests, of every kind, of wrong lengths, and from sources that fail.

import { Readable } from 'node:stream';
import { FormData, request } from 'undici';
import { describe, expect, test } from 'vitest';
import { echo, type Seen, valuesOf } from '../support/dropin-echo.ts';
import { withEach } from '../support/dropin-list.ts';
import { givenDropinServers } from '../support/dropin-servers.ts';

const servers = givenDropinServers({ withNginx: true });

const bytes = new Uint8Array([0, 104, 105, 33, 0]);

/** What it is, how it is made, whether its length is known before. */
const kinds: readonly [string, () => unknown, boolean][] = [
  ['a string', () => 'hi!', true],
  ['a Buffer', () => Buffer.from('hi!'), true],
  ['a Uint8Array that is a part of another', () => bytes.subarray(1, 4), true],
  ['a DataView', () => new DataView(bytes.buffer, 1, 3), true],
  ['an ArrayBuffer', () => bytes.buffer.slice(1, 4), true],
  ['a Blob', () => new Blob(['hi', '!']), true],
  ['a Readable', () => Readable.from([Buffer.from('hi'), Buffer.from('!')]), false],
  ['a Readable of strings', () => Readable.from(['hi', '!']), false],
  ['a ReadableStream', () => new Blob(['hi!']).stream(), false],
  [
    'an asynchronous generator',
    async function* () {
      yield 'hi';
      yield '';
      yield Buffer.from('!');
    },
    false,
  ],
  [
    'a generator',
    function* () {
      yield Buffer.from('hi');
      yield Buffer.from('!');
    },
    false,
  ],
];

withEach(servers, { undiciOverH2: false }, ({ given, server, url }) => {
  const post = async (body: unknown, headers?: Record<string, string>): Promise<Seen> => {
    const options = {
      dispatcher: given(echo),
      method: 'POST',
      body: body as string,
      headers: headers ?? null,
    };
    const response = await request(url(), options);
    return (await response.body.json()) as Seen;
  };

  test.each(kinds)('%s', async (_what, make, isKnown) => {
    const seen = await post(make());
    expect(seen.body).toBe('hi!');
    // nginx may have read a short body whole, and then says its length itself.
    if (isKnown || server.by === 'node')
      expect(valuesOf(seen, 'content-length')).toEqual(isKnown ? ['3'] : []);
  });

  test.each(kinds)('%s, its length declared', async (_what, make) => {
    const seen = await post(make(), { 'content-length': '3' });
    expect([seen.body, valuesOf(seen, 'content-length')]).toEqual(['hi!', ['3']]);
  });

  test.each([
    ['an empty string', () => ''],
    ['an empty Buffer', () => Buffer.alloc(0)],
    ['an empty Readable', () => Readable.from([])],
    ['an empty generator', async function* () {}],
    ['null', () => null],
  ])('%s', async (_what, make) => {
    expect((await post(make())).body).toBe('');
  });

  test('a form, with a file', async () => {
    const form = new FormData();
    form.set('name', 'välue');
    form.set('file', new File(['content'], 'a.txt', { type: 'text/plain' }));
    const seen = await post(form);
    const [type = ''] = valuesOf(seen, 'content-type');
    expect(type).toMatch(/^multipart\/form-data; boundary=/);
    const text = Buffer.from(seen.body, 'latin1').toString();
    expect(text).toContain('name="name"\r\n\r\nvälue\r\n');
    expect(text).toMatch(/name="file"; filename="a\.txt"\r\nContent-Type: text\/plain\r\n\r\ncontent\r\n/);
  });

  test('a Blob says its type, unless the caller does', async () => {
    const blob = new Blob(['{}'], { type: 'application/json' });
    expect(valuesOf(await post(blob), 'content-type')).toEqual(['application/json']);
    expect(valuesOf(await post(blob, { 'content-type': 'text/x' }), 'content-type')).toEqual(['text/x']);
  });

  test('PUT, PATCH, DELETE and GET can have one', async () => {
    for (const method of ['PUT', 'PATCH', 'DELETE', 'GET'] as const) {
      const { body } = await request(url(), { dispatcher: given(echo), method, body: 'hi!' });
      expect(await body.json()).toMatchObject({ method, body: 'hi!' });
    }
  });

  test('16 MiB from a generator arrive whole', async () => {
    let received = 0;
    const dispatcher = given((incoming, response) => {
      incoming.on('data', (piece: Buffer) => {
        received += piece.length;
      });
      incoming.on('end', () => response.end());
    });
    const piece = Buffer.alloc(65_536);
    async function* pieces() {
      for (let at = 0; at < 256; at++) yield piece;
    }
    const { body } = await request(url(), { dispatcher, method: 'PUT', body: Readable.from(pieces()) });
    await body.dump();
    expect(received).toBe(16 * 2 ** 20);
  });

  describe('which fail', () => {
    const works = async (dispatcher: ReturnType<typeof given>): Promise<void> => {
      servers.answer(echo);
      const { statusCode, body } = await request(url(), { dispatcher });
      expect(statusCode).toBe(200);
      await body.dump();
    };

    test('a stream’s own error is the request’s', async () => {
      const dispatcher = given(echo);
      const failure = new Error('the source is broken');
      async function* broken() {
        yield Buffer.from('hi');
        throw failure;
      }
      const body = Readable.from(broken());
      await expect(request(url(), { dispatcher, method: 'POST', body })).rejects.toBe(failure);
      await expect(request(url(), { dispatcher, method: 'POST', body: broken() as never })).rejects.toBe(
        failure,
      );
      await works(dispatcher);
    });

    test('a stream destroyed before it was sent', async () => {
      const dispatcher = given(echo);
      const body = new Readable({ read() {} });
      const failure = new Error('gone');
      body.destroy(failure);
      body.on('error', () => undefined);
      const sent = request(url(), { dispatcher, method: 'POST', body });
      await expect(sent).rejects.toBeInstanceOf(Error);
      await works(dispatcher);
    });

    test.each([
      ['fewer', '9'],
      ['more', '1'],
    ])('%s bytes than declared', async (_what, length) => {
      const dispatcher = given(echo);
      const body = Readable.from([Buffer.from('hi!')]);
      const headers = { 'content-length': length };
      await expect(request(url(), { dispatcher, method: 'POST', headers, body })).rejects.toMatchObject({
        code: 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
      });
      await works(dispatcher);
    });

    test('a piece that is none', async () => {
      const dispatcher = given(echo);
      const body = (async function* () {
        yield { not: 'bytes' };
      })();
      await expect(
        request(url(), { dispatcher, method: 'POST', body: body as never }),
      ).rejects.toBeInstanceOf(Error);
      await works(dispatcher);
    });

    test('a server that goes in mid-upload: an error, and the source is destroyed', async () => {
      const dispatcher = given((incoming) => {
        incoming.once('data', () => incoming.socket.destroy());
      });
      const piece = Buffer.alloc(65_536);
      const body = new Readable({
        read() {
          setImmediate(() => this.push(piece));
        },
      });
      body.on('error', () => undefined);
      const sent = request(url(), { dispatcher, method: 'POST', body });
      if (server.by === 'node') await expect(sent).rejects.toBeInstanceOf(Error);
      // nginx tells of it in its own way.
      else
        expect((await sent.then((response) => response.body.dump().then(() => response))).statusCode).toBe(
          502,
        );
      await expect.poll(() => body.destroyed).toBe(true);
    });

    test('a server that answers in mid-upload and reads no further: the source is ended without an error', async () => {
      const dispatcher = given((incoming, outgoing) => {
        incoming.once('data', () => outgoing.end('enough'));
      });
      let isEnded = false;
      const body = (async function* () {
        try {
          for (;;) {
            yield Buffer.alloc(1_000);
            await new Promise((resolve) => setTimeout(resolve, 1));
          }
        } finally {
          isEnded = true;
        }
      })();
      const answer = await request(url(), { dispatcher, method: 'POST', body: body as never });
      expect(await answer.body.text()).toBe('enough');
      await expect.poll(() => isEnded).toBe(true);
      await works(dispatcher);
    });
  });
});
