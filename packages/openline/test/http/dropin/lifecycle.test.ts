// Drop-in: close and destroy, the global dispatcher, many origins at once, servers that are not there, and undici's events.

import { createServer } from 'node:http';
import { HttpPool } from 'openline/http';
import { type Dispatcher, getGlobalDispatcher, request, setGlobalDispatcher } from 'undici';
import { expect, onTestFinished, test } from 'vitest';
import { listening } from '../../support/sockets.ts';
import { echo } from '../support/dropin-echo.ts';
import { watched, when, withEach } from '../support/dropin-list.ts';
import { givenDropinServers } from '../support/dropin-servers.ts';

const servers = givenDropinServers();

withEach(servers, {}, ({ given, url, isOurs, server, contender }) => {
  const get = (dispatcher: Dispatcher, path?: string) => request(url(path), { dispatcher });
  const closed = isOurs || !server.isH2 ? { code: 'UND_ERR_CLOSED' } : {};

  test('close() lets every request end, and takes no more', async () => {
    const answers: (() => void)[] = [];
    const dispatcher = given((_request, response) => void answers.push(() => response.end('text')));
    const asked = Array.from({ length: 3 }, () => get(dispatcher));
    await expect.poll(() => answers.length).toBe(3);
    let isClosed = false;
    const closing = dispatcher.close().then(() => {
      isClosed = true;
    });
    await expect(get(dispatcher)).rejects.toMatchObject(closed);
    expect(isClosed).toBe(false);
    for (const answer of answers) answer();
    for (const { body } of await Promise.all(asked)) expect(await body.text()).toBe('text');
    await closing;
  });

  test('close() with nothing under way ends at once, with a callback too, and a second time', async () => {
    const dispatcher = given(echo);
    await (await get(dispatcher)).body.dump();
    await new Promise<void>((resolve) => dispatcher.close(resolve));
    if (isOurs) await dispatcher.close();
    await expect(get(dispatcher)).rejects.toMatchObject({
      code: expect.stringMatching(/^UND_ERR_(CLOSED|DESTROYED)$/),
    });
  });

  test('destroy(error) fails what is under way with that error', async () => {
    let isAsked = false;
    const dispatcher = given(() => {
      isAsked = true;
    });
    const failure = new Error('over');
    const asked = get(dispatcher);
    asked.catch(() => undefined);
    await expect.poll(() => isAsked).toBe(true);
    await dispatcher.destroy(failure);
    await expect(asked).rejects.toBe(failure);
    await expect(get(dispatcher)).rejects.toMatchObject({ code: 'UND_ERR_DESTROYED' });
  });

  test('destroy() without one fails it with an error of its own', async () => {
    let isAsked = false;
    const dispatcher = given(() => {
      isAsked = true;
    });
    const asked = get(dispatcher);
    asked.catch(() => undefined);
    await expect.poll(() => isAsked).toBe(true);
    await new Promise<void>((resolve) => dispatcher.destroy(resolve));
    await expect(asked).rejects.toMatchObject({ code: 'UND_ERR_DESTROYED' });
  });

  test('destroy() in mid-body fails the reader', async () => {
    const dispatcher = given((_request, response) => void response.write('half'));
    const { body } = await get(dispatcher);
    const read = body.text();
    read.catch(() => undefined);
    await dispatcher.destroy();
    await expect(read).rejects.toBeInstanceOf(Error);
  });

  test('connect and disconnect are told, with the origin', async () => {
    const dispatcher = given(echo);
    const told: string[] = [];
    const { origin } = new URL(url());
    dispatcher.on('connect', (where) => told.push(`connect ${where.origin}`));
    dispatcher.on('disconnect', (where) => told.push(`disconnect ${where.origin}`));
    await (await get(dispatcher)).body.dump();
    await dispatcher.close();
    await expect.poll(() => told).toEqual([`connect ${origin}`, `disconnect ${origin}`]);
  });

  // undici's Pool has one origin only.
  when(contender !== 'undici.Pool')(
    'a server that is not there: the socket’s own code, by request and by fetch',
    async () => {
      const gone = createServer();
      const { port } = await listening(gone);
      await new Promise((resolve) => gone.close(resolve));
      const dispatcher = isOurs ? watched(new HttpPool({ acquireTimeoutMs: 100 })) : given(echo);
      const nowhere = `${server.scheme}://127.0.0.1:${port}`;
      const code = isOurs ? /^(ECONNREFUSED|OPENLINE_ACQUIRE_TIMEOUT)$/ : /^ECONNREFUSED$/;
      await expect(request(nowhere, { dispatcher })).rejects.toMatchObject({
        code: expect.stringMatching(code),
      });
      await expect(fetch(nowhere, { dispatcher: dispatcher as never })).rejects.toMatchObject({
        cause: { code: expect.stringMatching(code) },
      });
    },
  );
});

test('as the global dispatcher it serves fetch and request, and gives way again', async () => {
  const before = getGlobalDispatcher();
  onTestFinished(() => setGlobalDispatcher(before));
  servers.answer(echo);
  const pool = watched(new HttpPool());
  setGlobalDispatcher(pool);
  const origin = servers.originOf(servers.kinds[0]!);
  await (await request(origin)).body.dump();
  await (await fetch(origin)).text();
  expect(pool.stats().origins[0]?.requestTotals.answered).toBe(2);
  setGlobalDispatcher(before);
  await (await request(origin)).body.dump();
  expect(pool.stats().origins[0]?.requestTotals.answered).toBe(2);
});

test('many origins at once, each with its own answers', async () => {
  const pool = watched(new HttpPool());
  const started = await Promise.all(
    Array.from({ length: 20 }, (_, at) =>
      listening(createServer((_request, response) => response.end(`${at}`))),
    ),
  );
  const asked = started.flatMap(({ port }) =>
    [1, 2, 3].map(() => request(`http://127.0.0.1:${port}`, { dispatcher: pool })),
  );
  const texts = await Promise.all(asked.map(async (answer) => (await answer).body.text()));
  expect(texts).toEqual(started.flatMap((_, at) => [`${at}`, `${at}`, `${at}`]));
  expect(pool.stats().origins).toHaveLength(20);
});
