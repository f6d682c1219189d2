// A body that nobody reads is a leak, and its connection is taken back where the pool is asked to.
import { once } from 'node:events';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { HttpConnection } from '../../src/http/connection.ts';
import { HttpConnector } from '../../src/http/connector.ts';
import { hearsOfLeaks } from '../support/planted-leaks.ts';
import { until } from '../support/postgres.ts';
import { givenSecureH2Server } from './support/h2-servers.ts';
import { ask, givenPool, givenServer } from './support/pools.ts';

test('with onLeak "reclaim" the connection of an unread body is closed, and the next request is served', async () => {
  const { origin, sockets } = await givenServer((request, response) =>
    response.end(request.url === '/long' ? Buffer.alloc(4_000_000) : 'ok'),
  );
  const pool = givenPool({ max: 1, leakThresholdMs: 100, onLeak: 'reclaim', observers: [hearsOfLeaks] });
  const { body } = await pool.request({ origin, path: '/long', method: 'GET' });
  const failure = once(body, 'error');
  expect(await ask(pool, origin)).toBe('ok');
  expect(pool.stats().origins[0]?.totals.closed).toEqual({ leaked: 1 });
  await until(() => sockets[0]!.destroyed, 'its socket is closed');
  expect((await failure)[0]).toBeInstanceOf(Error);
  expect(pool.holders()).toEqual([]);
});

/** A server whose next answer waits. */
interface Slow {
  readonly url: string;
  readonly ca?: string;
  readonly asked: () => boolean;
  readonly answer: () => void;
}

async function slowH1(): Promise<Slow> {
  const answers: (() => void)[] = [];
  const { origin } = await givenServer((_request, response) => answers.push(() => response.end('ok')));
  return { url: `${origin}/`, asked: () => answers.length > 0, answer: () => answers.shift()!() };
}

async function slowH2(): Promise<Slow> {
  const answers: (() => void)[] = [];
  const { port, ca } = await givenSecureH2Server((stream) =>
    answers.push(() => {
      stream.respond();
      stream.end('ok');
    }),
  );
  return {
    url: `https://localhost:${port}/`,
    ca,
    asked: () => answers.length > 0,
    answer: () => answers.shift()!(),
  };
}

test.each([
  ['HTTP/1.1', slowH1],
  ['HTTP/2', slowH2],
])('a connection of %s is quiet when no request is under way on it', async (protocol, start) => {
  const open = vi.spyOn(HttpConnector.prototype, 'open');
  onTestFinished(() => void open.mockRestore());
  const { url, ca, asked, answer } = await start();
  const pool = givenPool(ca === undefined ? {} : { tls: { ca } });
  const isQuiet = async (): Promise<boolean> => {
    const connection = (await open.mock.results[0]!.value) as HttpConnection;
    expect(connection.protocol).toBe(protocol);
    return (open.mock.contexts[0] as HttpConnector).isQuiet(connection);
  };
  for (let request = 0; request < 2; request++) {
    const answered = ask(pool, url);
    await until(asked, 'the server is asked');
    expect(await isQuiet()).toBe(false);
    answer();
    expect(await answered).toBe('ok');
    await until(isQuiet, 'it is quiet again');
  }
  const aborter = new AbortController();
  const given = ask(pool, url, { signal: aborter.signal }).catch(() => 'given up');
  await until(asked, 'the server is asked');
  aborter.abort();
  expect(await given).toBe('given up');
  answer();
  // One of HTTP/1.1 is closed with its request.
  if (protocol === 'HTTP/2') await until(isQuiet, 'it is quiet after an abort');
  expect(pool.stats().origins[0]!.totals.closed).not.toHaveProperty('busy');
});
