// Requests that are sent again: only where the server cannot have been told twice, or may be.
import { createServer, type Socket } from 'node:net';
import type { HttpPool } from 'openline/http';
import { expect, test } from 'vitest';
import { listening } from '../support/sockets.ts';
import { ask, failureOf, givenPool } from './support/pools.ts';

const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** A server whose connections answer so many requests, and die of the next one as soon as they have read its head. */
async function serverThatDies(afterRequests: number): Promise<{ origin: string; seen: string[] }> {
  const seen: string[] = [];
  const server = createServer((socket: Socket) => {
    let requests = 0;
    socket.on('data', (data) => {
      if (!/^[A-Z]+ \//.test(data.toString('latin1'))) return;
      seen.push(data.toString('latin1').split('\r\n', 1)[0]!);
      if (++requests > afterRequests) socket.resetAndDestroy();
      else socket.write(answer);
    });
  });
  const { port } = await listening(server);
  return { origin: `http://127.0.0.1:${port}`, seen };
}

const totals = (pool: HttpPool) => pool.stats().origins[0]!.requestTotals;

test('a GET that dies unanswered on a used connection is sent once more', async () => {
  const { origin, seen } = await serverThatDies(1);
  const pool = givenPool({ max: 1 });
  await ask(pool, `${origin}/1`);
  expect(await ask(pool, `${origin}/2`)).toBe('ok');
  expect(seen).toEqual(['GET /1 HTTP/1.1', 'GET /2 HTTP/1.1', 'GET /2 HTTP/1.1']);
  expect(totals(pool)).toMatchObject({ answered: 2, resentUnanswered: 1, failed: 0 });
});

test('a POST is not', async () => {
  const { origin, seen } = await serverThatDies(1);
  const pool = givenPool({ max: 1 });
  await ask(pool, `${origin}/1`);
  const error = await failureOf(
    pool.request({ origin, path: '/2', method: 'POST', body: 'x' }).then(({ body }) => body.text()),
  );
  expect(error.code).toMatch(/ECONNRESET|UND_ERR_SOCKET/);
  expect(seen).toHaveLength(2);
  expect(totals(pool)).toMatchObject({ resentUnanswered: 0, failed: 1 });
});

test('a POST is, when its caller says that it is idempotent', async () => {
  const { origin } = await serverThatDies(1);
  const pool = givenPool({ max: 1 });
  await ask(pool, `${origin}/1`);
  const { body } = await pool.request({ origin, path: '/2', method: 'POST', body: 'x', idempotent: true });
  expect(await body.text()).toBe('ok');
});

test('a body that was read from a stream is not sent again, whatever the method', async () => {
  const { origin } = await serverThatDies(1);
  const pool = givenPool({ max: 1 });
  await ask(pool, `${origin}/1`);
  async function* pieces() {
    yield Buffer.from('piece');
  }
  const error = await failureOf(
    pool
      .request({ origin, path: '/2', method: 'PUT', body: pieces() as never })
      .then(({ body }) => body.text()),
  );
  expect(error).toBeInstanceOf(Error);
  expect(totals(pool).resentUnanswered).toBe(0);
});

test('it is sent again once only', async () => {
  const { origin, seen } = await serverThatDies(0);
  const pool = givenPool({ max: 1 });
  await failureOf(ask(pool, `${origin}/1`));
  expect(seen).toHaveLength(2);
});

test('a POST of which nothing was written, since its connection had died, goes over another one', async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('data', () => socket.write(answer));
  });
  const { port } = await listening(server);
  const origin = `http://127.0.0.1:${port}`;
  const pool = givenPool({ max: 1 });
  await ask(pool, `${origin}/1`);
  // The pool's end is closed, and nobody has heard of it yet when the next request is given to it.
  const closed = new Promise((resolve) => sockets[0]!.once('close', resolve));
  sockets[0]!.end();
  await closed;
  const { body } = await pool.request({ origin, path: '/2', method: 'POST', body: 'x' });
  expect(await body.text()).toBe('ok');
  expect(totals(pool).failed).toBe(0);
});

test('an answer that has begun is never asked for again', async () => {
  const server = createServer((socket) => {
    socket.on('data', () => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf');
      setImmediate(() => socket.destroy());
    });
  });
  const { port, sockets } = await listening(server);
  const pool = givenPool({ max: 1 });
  const { body } = await pool.request({ origin: `http://127.0.0.1:${port}`, path: '/', method: 'GET' });
  await failureOf(body.text());
  expect(sockets).toHaveLength(1);
});
