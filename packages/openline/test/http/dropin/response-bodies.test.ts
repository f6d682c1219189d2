// Drop-in: the bodies of responses: each way to read them or not to, slow readers, servers that stop in the middle, trailers.

import { type Dispatcher, request } from 'undici';
import { describe, expect, test } from 'vitest';
import { when, withEach } from '../support/dropin-list.ts';
import { cut, givenDropinServers } from '../support/dropin-servers.ts';

const servers = givenDropinServers({ withNginx: true });

const MiB = 2 ** 20;

withEach(servers, {}, ({ given, server, url, isOurs }) => {
  const isSure = isOurs || !server.isH2;
  const get = (dispatcher: Dispatcher, path?: string): Promise<Dispatcher.ResponseData> =>
    request(url(path), { dispatcher });

  test('as text, JSON, bytes, ArrayBuffer and Blob', async () => {
    const dispatcher = given((_request, response) => void response.end('{"a":"ä"}'));
    const body = async () => (await get(dispatcher)).body;
    expect(await (await body()).text()).toBe('{"a":"ä"}');
    expect(await (await body()).json()).toEqual({ a: 'ä' });
    expect(Buffer.from(await (await body()).arrayBuffer()).toString()).toBe('{"a":"ä"}');
    expect(Buffer.from(await (await body()).bytes()).toString()).toBe('{"a":"ä"}');
    expect(await (await (await body()).blob()).text()).toBe('{"a":"ä"}');
  });

  test('as a stream, piece by piece', async () => {
    const dispatcher = given(async (_request, response) => {
      for (let at = 0; at < 20; at++) {
        response.write(`${at},`);
        await new Promise(setImmediate);
      }
      response.end();
    });
    const { body } = await get(dispatcher);
    body.setEncoding('utf8');
    let text = '';
    for await (const piece of body) text += piece;
    expect(text).toBe(Array.from({ length: 20 }, (_, at) => `${at},`).join(''));
  });

  test('letters that are cut in two are put together', async () => {
    const whole = Buffer.from('äöü€'.repeat(50));
    const dispatcher = given(async (_request, response) => {
      for (const byte of whole) {
        response.write(Buffer.from([byte]));
        if (byte === 0xac) await new Promise(setImmediate);
      }
      response.end();
    });
    expect(await (await get(dispatcher)).body.text()).toBe('äöü€'.repeat(50));
  });

  test('an empty one, and one that has come already', async () => {
    const dispatcher = given((_request, response) => void response.end());
    const { body } = await get(dispatcher);
    expect(await body.text()).toBe('');
    const whole = (await get(given((_request, response) => void response.end('text')))).body;
    expect(await whole.text()).toBe('text');
  });

  test('dumped, destroyed with an error or without: the next request goes on', async () => {
    const dispatcher = given((_request, response) => void response.end(Buffer.alloc(200_000, 'x')));
    await (await get(dispatcher)).body.dump();
    await (await get(dispatcher)).body.dump({ limit: 1_000 });
    const gone = (await get(dispatcher)).body;
    const failure = new Error('not wanted');
    const told = new Promise((resolve) => gone.once('error', resolve));
    gone.destroy(failure);
    expect(await told).toBe(failure);
    const silent = (await get(dispatcher)).body;
    silent.on('error', () => undefined).destroy();
    expect((await (await get(dispatcher)).body.arrayBuffer()).byteLength).toBe(200_000);
  });

  test('left in the middle of a loop: the next request goes on', async () => {
    const dispatcher = given((_request, response) => void response.end(Buffer.alloc(MiB, 'x')));
    for await (const piece of (await get(dispatcher)).body) {
      expect(piece.length).toBeGreaterThan(0);
      break;
    }
    expect((await (await get(dispatcher)).body.arrayBuffer()).byteLength).toBe(MiB);
  });

  test('8 MiB arrive whole', async () => {
    const dispatcher = given((_request, response) => void response.end(Buffer.alloc(8 * MiB, 'x')));
    expect((await (await get(dispatcher)).body.arrayBuffer()).byteLength).toBe(8 * MiB);
  });

  when(isSure)('a slow reader slows the server down, and misses nothing', async () => {
    let written = 0;
    const piece = Buffer.alloc(65_536, 'x');
    const dispatcher = given(async (incoming, response) => {
      if (incoming.url === '/quick') return void response.end('quick');
      while (written < 64 * MiB && !response.destroyed) {
        written += piece.length;
        if (!response.write(piece)) await new Promise((resolve) => response.once('drain', resolve));
        await new Promise(setImmediate);
      }
      response.end();
    });
    const { body } = await get(dispatcher);
    // As long as it takes to send all of it, were nobody to hold it up.
    for (let round = 0, before = -1; round < 20 || written > before; round++) {
      before = written;
      expect(await (await get(dispatcher, '/quick')).body.text()).toBe('quick');
    }
    expect(written).toBeLessThan(32 * MiB);
    let read = 0;
    for await (const each of body) read += each.length;
    expect(read).toBe(64 * MiB);
  });

  describe('cut off', () => {
    test('in the middle: an error, after what had come', async () => {
      let cutOff = (): void => undefined;
      const dispatcher = given((_request, response) => {
        response.write('half of it');
        cutOff = () => cut(response);
      });
      const { body } = await get(dispatcher);
      const reader = body[Symbol.asyncIterator]();
      expect(String((await reader.next()).value)).toBe('half of it');
      cutOff();
      await expect(reader.next()).rejects.toMatchObject(
        server.isH2 ? { code: expect.stringMatching(/^UND_ERR_|^ERR_HTTP2/) } : { code: 'UND_ERR_SOCKET' },
      );
    });

    if (server.by === 'node' && !server.isH2) {
      test('before the length that was declared', async () => {
        const dispatcher = given((_request, response) => {
          response.writeHead(200, { 'content-length': '100' });
          response.write('short', () => response.socket?.end());
        });
        const { body } = await get(dispatcher);
        await expect(body.text()).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' });
      });
    }

    test('before the head', async () => {
      const dispatcher = given((_request, response) => cut(response));
      const answer = request(url(), { dispatcher, method: 'POST', body: 'x' });
      if (server.by === 'node')
        await expect(answer).rejects.toMatchObject(isSure ? { code: 'UND_ERR_SOCKET' } : {});
      else {
        const { statusCode, body } = await answer;
        expect(statusCode).toBe(502);
        await body.dump();
      }
    });
  });

  if (server.by === 'node' && isSure) {
    test('trailers come after the body', async () => {
      const dispatcher = given((_request, response) => {
        response.writeHead(200, server.isH2 ? {} : { trailer: 'x-sum' });
        response.write('text');
        response.addTrailers({ 'x-sum': '42' });
        response.end();
      });
      const { body, trailers } = await get(dispatcher);
      expect(await body.text()).toBe('text');
      expect(trailers).toEqual({ 'x-sum': '42' });
    });

    test('a 103 before the answer is told, and not taken for it', async () => {
      const dispatcher = given((_request, response) => {
        response.writeEarlyHints({ link: '</style.css>; rel=preload' });
        response.end('text');
      });
      const told: unknown[] = [];
      const onInfo = (info: { statusCode: number; headers: object }): void => void told.push(info);
      const { statusCode, body } = await request(url(), { dispatcher, onInfo } as never);
      expect([statusCode, await body.text()]).toEqual([200, 'text']);
      expect(told).toEqual([
        expect.objectContaining({
          statusCode: 103,
          headers: expect.objectContaining({ link: '</style.css>; rel=preload' }),
        }),
      ]);
    });
  }
});
