// A server that says goodbye over HTTP/2, with requests in flight.
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { request } from 'undici';
import { expect, it, vi } from 'vitest';
import { givenSecureH2Server } from '../support/h2-servers.ts';
import { givenPool } from '../support/pools.ts';
import { askByRequest, expectNothingLeft } from '../support/ways-in.ts';

it.each(['GET', 'POST'] as const)(
  'loses none of five %ss in flight at a graceful GOAWAY, nor any that comes after',
  async (method) => {
    const open: ServerHttp2Stream[] = [];
    const server = await givenSecureH2Server((stream, headers) => {
      const answer = (): void => {
        stream.respond({ ':status': 200 });
        stream.end(String(headers[':path']));
      };
      if (headers[':path'] === '/later') answer();
      else open.push(stream.once('let go', answer) as ServerHttp2Stream);
    });
    const pool = givenPool({ tls: { ca: server.ca } });
    const origin = `https://localhost:${server.port}`;
    const ask = async (path: string): Promise<string> => {
      const body = method === 'POST' ? { body: 'sent' } : {};
      const answer = await request(`${origin}${path}`, { dispatcher: pool, method, ...body });
      return await answer.body.text();
    };
    const inFlight = Array.from({ length: 5 }, (_, index) => ask(`/${index}`));
    await vi.waitFor(() => expect(open).toHaveLength(5));
    expect(server.sessions).toHaveLength(1);
    server.sessions[0]?.close();
    await vi.waitFor(() => expect(pool.stats().size).toBe(1));
    expect(await ask('/later')).toBe('/later');
    for (const stream of open) stream.emit('let go');
    expect(await Promise.all(inFlight)).toEqual(['/0', '/1', '/2', '/3', '/4']);
    expect(server.sessions).toHaveLength(2);
    expect(pool.stats().origins[0]?.requestTotals).toMatchObject({ answered: 6, failed: 0 });
    await expectNothingLeft(pool, server);
  },
);

it('loses no request of many while the server renews its connections again and again', async () => {
  const server = await givenSecureH2Server((stream, headers) => {
    setTimeout(() => {
      if (stream.destroyed) return;
      stream.respond({ ':status': 200 });
      stream.end(String(headers[':path']));
    }, 5);
  });
  const pool = givenPool({ tls: { ca: server.ca }, max: 3 });
  const left: ServerHttp2Session[] = [];
  // `close` at once would refuse requests that come before the goodbye has gone out, and then Node's server reads memory that it has freed.
  const leaver = setInterval(() => {
    for (const session of server.sessions.splice(0)) {
      if (session.closed) continue;
      session.goaway();
      left.push(session);
    }
  }, 30);
  const caller = async (name: number): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) {
      const path = `/${name}-${turn}`;
      expect(await askByRequest(pool, `https://localhost:${server.port}${path}`)).toBe(path);
    }
  };
  await Promise.all(Array.from({ length: 20 }, (_, name) => caller(name)));
  clearInterval(leaver);
  expect(left.length).toBeGreaterThan(3);
  expect(pool.stats().origins[0]?.requestTotals).toMatchObject({ answered: 400, failed: 0 });
  for (const session of left) session.close();
  await expectNothingLeft(pool, server);
});
