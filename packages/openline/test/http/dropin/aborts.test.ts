// Drop-in: requests that are given up, before they begin, in the queue, before the answer and in its middle; nothing of them stays.

import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import { HttpPool } from 'openline/http';
import { type Dispatcher, request } from 'undici';
import { expect, test, vi } from 'vitest';
import { quiet, type Scene, watched, when, withEach } from '../support/dropin-list.ts';
import { givenDropinServers } from '../support/dropin-servers.ts';

const servers = givenDropinServers();

withEach(servers, { contenders: ['HttpPool', 'undici.Agent'] }, ({ given, url, isOurs, server }: Scene) => {
  /** A way to ask that takes a signal, and reads the body. */
  const ways: readonly [string, (dispatcher: Dispatcher, signal: AbortSignal) => Promise<unknown>][] = [
    [
      'fetch',
      async (dispatcher, signal) => (await fetch(url(), { dispatcher: dispatcher as never, signal })).text(),
    ],
    ['request', async (dispatcher, signal) => (await request(url(), { dispatcher, signal })).body.text()],
  ];
  const works = async (dispatcher: Dispatcher): Promise<void> => {
    servers.answer((_request, response) => void response.end('well'));
    expect(await (await request(url(), { dispatcher })).body.text()).toBe('well');
  };

  test.each(ways)('%s with a signal that is aborted already sends nothing', async (_way, ask) => {
    let asked = 0;
    const dispatcher = given((_request, response) => {
      asked++;
      response.end();
    });
    const reason = new Error('not now');
    await expect(ask(dispatcher, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(asked).toBe(0);
    await works(dispatcher);
  });

  test.each(ways)('%s before the head of the answer', async (_way, ask) => {
    const controller = new AbortController();
    const reason = new Error('too slow');
    const dispatcher = given(() => controller.abort(reason));
    await expect(ask(dispatcher, controller.signal)).rejects.toBe(reason);
    await works(dispatcher);
  });

  test.each(ways)('%s in the middle of the body', async (_way, ask) => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const dispatcher = given((_request, response) => {
      response.write('half', () => setImmediate(() => controller.abort(reason)));
    });
    await expect(ask(dispatcher, controller.signal)).rejects.toBe(reason);
    await works(dispatcher);
  });

  test.each(ways)('%s with no reason: AbortError', async (_way, ask) => {
    const controller = new AbortController();
    const dispatcher = given(() => controller.abort());
    await expect(ask(dispatcher, controller.signal)).rejects.toMatchObject({ name: 'AbortError' });
  });

  test.each(ways)('%s with AbortSignal.timeout: TimeoutError', async (_way, ask) => {
    const dispatcher = given(() => undefined);
    await expect(ask(dispatcher, AbortSignal.timeout(50))).rejects.toMatchObject({ name: 'TimeoutError' });
    await works(dispatcher);
  });

  test('after the end it changes nothing', async () => {
    const controller = new AbortController();
    const dispatcher = given((_request, response) => void response.end('text'));
    const { body } = await request(url(), { dispatcher, signal: controller.signal });
    expect(await body.text()).toBe('text');
    controller.abort();
    await works(dispatcher);
  });

  test('by an EventEmitter', async () => {
    const signal = new EventEmitter();
    const dispatcher = given(() => void signal.emit('abort'));
    await expect(request(url(), { dispatcher, signal })).rejects.toMatchObject({ code: 'UND_ERR_ABORTED' });
    await works(dispatcher);
  });

  // undici's own HTTP/2 reads such a source for ever.
  when(isOurs || !server.isH2)('in mid-upload: the source is destroyed', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const dispatcher = given((incoming) => {
      incoming.once('data', () => controller.abort(reason));
    });
    const piece = Buffer.alloc(16_384);
    const body = new Readable({ read: () => void setImmediate(() => body.push(piece)) });
    const sent = request(url(), { dispatcher, method: 'POST', body, signal: controller.signal });
    await expect(sent).rejects.toBe(reason);
    await expect.poll(() => body.destroyed).toBe(true);
    await works(dispatcher);
  });

  test('leaves no listener on a signal that lives long', async () => {
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, 'addEventListener');
    const removed = vi.spyOn(signal, 'removeEventListener');
    const dispatcher = given((_request, response) => void response.end('text'));
    for (let at = 0; at < 5; at++) await (await request(url(), { dispatcher, signal })).body.text();
    await expect.poll(() => removed.mock.calls.length).toBeGreaterThanOrEqual(added.mock.calls.length);
  });

  if (isOurs) {
    test.each(ways)('%s in the queue, where undici does not hear it', async (_way, ask) => {
      servers.answer(() => undefined);
      const pool = watched(new HttpPool({ max: 1, tls: { ca: servers.ca }, allowH2: server.isH2 }));
      const first = new AbortController();
      const others = Array.from({ length: 5 }, () => new AbortController());
      const held = ask(pool, first.signal).catch((error: unknown) => error);
      await expect.poll(() => pool.stats().origins[0]?.leases).toBe(1);
      const queued = others.map(({ signal }) => ask(pool, signal).catch((error: unknown) => error));
      await expect.poll(() => pool.stats().requests).toBe(6);
      const reason = new Error('no longer');
      for (const other of others) other.abort(reason);
      expect(await Promise.all(queued)).toEqual(others.map(() => reason));
      first.abort(reason);
      expect(await held).toBe(reason);
      await quiet(pool);
      await works(pool);
    });
  }
});
