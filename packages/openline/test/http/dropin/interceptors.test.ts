// Drop-in: undici's interceptors and its RetryAgent around the pool.

import { gzipSync } from 'node:zlib';
import { type Dispatcher, interceptors, RetryAgent, request } from 'undici';
import { expect, test } from 'vitest';
import { echo } from '../support/dropin-echo.ts';
import { when, withEach } from '../support/dropin-list.ts';
import { type Answer, givenDropinServers } from '../support/dropin-servers.ts';

const servers = givenDropinServers();

withEach(servers, { contenders: ['HttpPool', 'undici.Agent'] }, ({ given, url, isOurs, server }) => {
  const failingFirst = (times: number): { answer: Answer; count: () => number } => {
    let asked = 0;
    const answer: Answer = (_request, response) => {
      asked++;
      response.writeHead(asked > times ? 200 : 503).end('text');
    };
    return { answer, count: () => asked };
  };

  test('redirect follows, and drops the body where it must', async () => {
    const dispatcher = given((incoming, response) => {
      if (incoming.url === '/there') return echo(incoming, response);
      response.writeHead(303, { location: '/there' }).end();
    }).compose(interceptors.redirect({ maxRedirections: 2 }));
    const { body } = await request(url('/go'), { dispatcher, method: 'POST', body: 'text' });
    expect(await body.json()).toMatchObject({ method: 'GET', url: '/there', body: '' });
  });

  test('redirect gives up after as many as it may', async () => {
    let hops = 0;
    const dispatcher = given((_request, response) => {
      hops++;
      response.writeHead(302, { location: `/${hops}` }).end();
    });
    const composed = dispatcher.compose(interceptors.redirect({ maxRedirections: 2 }));
    const options = { dispatcher: composed, throwOnMaxRedirect: true } as never;
    await expect(request(url(), options)).rejects.toThrow('max redirects');
    expect(hops).toBe(3);
  });

  test('retry asks again until it is answered', async () => {
    const { answer, count } = failingFirst(2);
    const dispatcher = given(answer).compose(
      interceptors.retry({ maxRetries: 3, minTimeout: 1, maxTimeout: 2 }),
    );
    const { statusCode, body } = await request(url(), { dispatcher });
    expect([statusCode, await body.text(), count()]).toEqual([200, 'text', 3]);
  });

  when(isOurs || !server.isH2)('retry goes on with a body where it was cut off', async () => {
    let asked = 0;
    const dispatcher = given((incoming, response) => {
      if (asked++ === 0) {
        response.writeHead(200, { 'content-length': '10', etag: '"x"', 'accept-ranges': 'bytes' });
        response.write('01234', () => setImmediate(() => response.destroy(new Error('cut'))));
        return;
      }
      expect(incoming.headers.range).toBe('bytes=5-9');
      response
        .writeHead(206, { 'content-range': 'bytes 5-9/10', etag: '"x"', 'content-length': '5' })
        .end('56789');
    }).compose(interceptors.retry({ maxRetries: 2, minTimeout: 1, maxTimeout: 2 }));
    const { statusCode, body } = await request(url(), { dispatcher });
    expect([statusCode, await body.text()]).toEqual([200, '0123456789']);
  });

  test('a RetryAgent around it asks again until it is answered', async () => {
    const { answer, count } = failingFirst(1);
    const dispatcher = new RetryAgent(given(answer), { maxRetries: 2, minTimeout: 1, maxTimeout: 2 });
    const { statusCode, body } = await request(url(), { dispatcher });
    expect([statusCode, await body.text(), count()]).toEqual([200, 'text', 2]);
  });

  test('dump drops what nobody wants', async () => {
    const dispatcher = given((_request, response) => void response.end('x'.repeat(10_000)));
    const composed = dispatcher.compose(interceptors.dump());
    const { body } = await request(url(), { dispatcher: composed });
    expect(await body.text()).toBe('');
    const small = dispatcher.compose(interceptors.dump({ maxSize: 100 }));
    await expect(
      request(url(), { dispatcher: small }).then((response) => response.body.text()),
    ).rejects.toThrow();
  });

  test('responseError makes errors of statuses', async () => {
    const dispatcher = given((_request, response) => {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"a":1}');
    }).compose(interceptors.responseError());
    await expect(request(url(), { dispatcher })).rejects.toMatchObject({ statusCode: 404, body: { a: 1 } });
  });

  test('decompress undoes gzip', async () => {
    const { decompress } = interceptors as unknown as {
      decompress: () => Dispatcher.DispatcherComposeInterceptor;
    };
    const dispatcher = given((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('text'));
    }).compose(decompress());
    expect(await (await request(url(), { dispatcher })).body.text()).toBe('text');
  });

  test('cache answers the second time itself', async () => {
    let asked = 0;
    const dispatcher = given((_request, response) => {
      asked++;
      response.writeHead(200, { 'cache-control': 'max-age=60' }).end('text');
    }).compose(interceptors.cache());
    for (let round = 0; round < 3; round++) {
      expect(await (await request(url('/cached'), { dispatcher })).body.text()).toBe('text');
    }
    expect(asked).toBe(1);
  });

  test('dns finds the address', async () => {
    const dispatcher = given((_request, response) => void response.end('text')).compose(
      interceptors.dns({ affinity: 4 }),
    );
    const there = url().replace('127.0.0.1', 'localhost');
    expect(await (await request(there, { dispatcher })).body.text()).toBe('text');
  });
});
