// HTTP/2 connections that die: every request hears once what happened, and so does the pool.
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createSilentServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { openH2 } from '../../src/http/h2-connection.ts';
import { Flag, frame, ok, setting, Type, word } from './support/h2-frames.ts';
import { givenFrames, givenH2Server, plainSocket } from './support/h2-servers.ts';
import { record } from './support/recorder.ts';

const maxConcurrentStreams = 3;

test('every request under way fails once, and the pool hears of it once', async () => {
  const server = await givenH2Server((stream, headers) => {
    if (headers[':path'] === '/begun') stream.respond({ ':status': 200 });
    if (server.asked.length === 3) server.sockets[0]?.destroy();
  });
  const connection = await server.connect();
  const lost: Error[] = [];
  connection.onLost((error) => lost.push(error));
  const requests = ['/', '/begun', '/'].map((path) => record(connection, { path }));
  for (const request of requests) {
    await request.ended;
    expect(request.error).toMatchObject({ code: 'UND_ERR_SOCKET' });
    expect(request.error?.message).toContain('closed while 3 requests were under way');
    expect(request.isUnprocessed).toBe(false);
    expect(request.calls.filter((call) => call === 'error')).toHaveLength(1);
  }
  expect(lost).toEqual([requests[0]?.error]);
  expect(connection.capacity).toBe(0);
  expect(connection.isQuiet).toBe(true);
  const late = record(connection);
  expect(late.calls).toEqual(['error']);
  expect(late.isUnprocessed).toBe(true);
});

test('requests that waited for their turn were not begun', async () => {
  const { connection, peer } = await givenFrames(setting(maxConcurrentStreams, 1));
  const sent = record(connection);
  const waiting = record(connection, { method: 'POST', body: 'x' });
  await peer.until(Type.headers);
  peer.socket.destroy();
  await Promise.all([sent.ended, waiting.ended]);
  expect(sent.isUnprocessed).toBe(false);
  expect(waiting.isUnprocessed).toBe(true);
});

test('a reset socket is the cause', async () => {
  const { connection, peer } = await givenFrames();
  const request = record(connection);
  await peer.until(Type.headers);
  peer.socket.resetAndDestroy();
  await request.ended;
  expect(request.error).toMatchObject({ cause: { code: 'ECONNRESET' } });
  expect(request.error?.message).toContain('a request was under way: read ECONNRESET');
});

test('a server that breaks the protocol is the cause', async () => {
  const { connection, peer } = await givenFrames();
  const lost = new Promise<Error>((resolve) => connection.onLost(resolve));
  const requests = [record(connection), record(connection)];
  await peer.until(Type.headers, 2);
  // A window update of nothing is a connection error (RFC 9113, 6.9).
  peer.send(Type.windowUpdate, Flag.none, 0, word(0));
  for (const request of requests) {
    await request.ended;
    expect(request.error?.message).toContain('closed while 2 requests were under way: ');
  }
  expect(await lost).toBe(requests[0]?.error);
});

test('what was lost before anybody asked is told all the same', async () => {
  const { connection, peer } = await givenFrames();
  peer.socket.destroy();
  while (connection.capacity > 0) await connection.ping().catch(() => undefined);
  expect((await new Promise<Error>((resolve) => connection.onLost(resolve))).message).toContain('closed');
});

test('a response that had come as a whole is read to its end afterwards', async () => {
  const { connection, peer } = await givenFrames();
  const lost = new Promise((resolve) => connection.onLost(resolve));
  const whole = record(connection, {}, { keepsOn: () => false });
  const half = record(connection, {}, { keepsOn: () => false });
  const atOnce = record(connection, {}, { keepsOn: ({ received }) => received.length > 0 });
  await peer.until(Type.headers, 3);
  peer.socket.write(
    Buffer.concat([
      frame(Type.headers, Flag.endHeaders, 1, ok),
      frame(Type.data, Flag.none, 1, Buffer.from('kept ')),
      frame(Type.data, Flag.endStream, 1, Buffer.from('whole')),
      frame(Type.headers, Flag.endHeaders, 5, ok),
      frame(Type.data, Flag.none, 5, Buffer.from('kept ')),
      frame(Type.data, Flag.endStream, 5, Buffer.from('whole')),
      frame(Type.headers, Flag.endHeaders, 3, ok),
      frame(Type.data, Flag.none, 3, Buffer.from('hal')),
    ]),
  );
  await half.until(({ heads }) => heads.length === 1);
  peer.socket.destroy();
  await lost;
  expect((await half.ended).error).toBeDefined();
  expect(whole.calls.at(-1)).toBe('headers 200');
  expect(connection.isQuiet).toBe(false);
  whole.resume();
  expect(whole.calls.at(-1)).toBe('data');
  while (whole.calls.at(-1) !== 'complete') whole.resume();
  expect(whole.text).toBe('kept whole');
  atOnce.resume();
  expect(atOnce.calls.at(-1)).toBe('complete');
  expect(atOnce.text).toBe('kept whole');
  expect(connection.isQuiet).toBe(true);
});

test('a response that nobody reads any more can be given up afterwards', async () => {
  const { connection, peer } = await givenFrames();
  const lost = new Promise((resolve) => connection.onLost(resolve));
  const whole = record(connection, {}, { keepsOn: () => false });
  await peer.until(Type.headers);
  peer.send(Type.headers, Flag.endHeaders, 1, ok);
  peer.send(Type.data, Flag.endStream, 1, Buffer.from('whole'));
  await whole.until(({ heads }) => heads.length === 1);
  peer.socket.destroy();
  await lost;
  whole.abort(new Error('enough'));
  expect((await whole.ended).error?.message).toBe('enough');
  expect(connection.isQuiet).toBe(true);
});

test('one stream that is reset takes no other with it', async () => {
  const { connection, peer } = await givenFrames();
  const [unanswered, answered, ended, fine] = ['/1', '/3', '/5', '/7'].map((path) =>
    record(connection, { path }),
  );
  await peer.until(Type.headers, 4);
  peer.send(Type.reset, Flag.none, 1, word(8));
  peer.send(Type.headers, Flag.endHeaders, 3, ok);
  peer.send(Type.data, Flag.none, 3, Buffer.from('hal'));
  peer.send(Type.reset, Flag.none, 3, word(2));
  peer.send(Type.reset, Flag.none, 5, word(0));
  peer.send(Type.headers, Flag.endHeaders | Flag.endStream, 7, ok);
  expect((await unanswered?.ended)?.error?.message).toContain('reset with CANCEL before a response came');
  expect((await answered?.ended)?.error?.message).toContain(
    'INTERNAL_ERROR before the response was complete',
  );
  expect((await ended?.ended)?.error?.message).toContain('before a response came');
  expect((await fine?.ended)?.status).toBe(200);
});

test.each([
  ['without an error', 0],
  ['with CANCEL', 8],
])('a body that is cut off %s is no response', async (_, code) => {
  const { connection, peer } = await givenFrames();
  const request = record(connection);
  await peer.until(Type.headers);
  peer.send(Type.headers, Flag.endHeaders, 1, ok);
  peer.send(Type.data, Flag.none, 1, Buffer.from('hal'));
  peer.send(Type.reset, Flag.none, 1, word(code));
  await request.ended;
  expect(request.calls.at(-1)).toBe('error');
  expect(request.error?.message).toContain('before the response was complete');
});

test('a body that is shorter than its length is no response', async () => {
  const server = await givenH2Server((stream) => {
    stream.respond({ ':status': 200, 'content-length': '10' });
    stream.end('short');
  });
  const request = await record(await server.connect()).ended;
  expect(request.error?.message).toContain('before the response was complete');
});

test('close ends what is under way, and is no loss', async () => {
  const server = await givenH2Server(() => undefined);
  const connection = await server.connect();
  const lost: Error[] = [];
  connection.onLost((error) => lost.push(error));
  const request = record(connection);
  const pinged = connection.ping().catch((error: Error) => error.message);
  await connection.close();
  expect(request.error?.message).toContain('closed while a request was under way');
  expect(await pinged).toContain('closed');
  await connection.close();
  expect(lost).toEqual([]);
});

test('close does not wait for a server that reads nothing', async () => {
  const { connection, peer } = await givenFrames();
  peer.socket.pause();
  for (let count = 0; count < 20; count++)
    record(connection, { method: 'POST', body: Buffer.alloc(1 << 20) });
  await connection.close();
});

test('a ping proves that the server is there, and waits while it is silent', async () => {
  const { connection, peer } = await givenFrames();
  let isAnswered = false;
  const pings = [connection.ping(), connection.ping()].map((ping) =>
    ping.then(() => {
      isAnswered = true;
    }),
  );
  const asked = await peer.until(Type.ping);
  expect(asked).toHaveLength(1);
  expect(isAnswered).toBe(false);
  peer.send(Type.ping, Flag.ack, 0, asked[0]?.payload);
  await Promise.all(pings);
});

test('a server that speaks HTTP/1.1 is found out', async () => {
  const server = createServer((_, response) => response.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const socket = await plainSocket(port);
  await expect(openH2(socket, `http://127.0.0.1:${port}`)).rejects.toMatchObject({
    code: 'UND_ERR_SOCKET',
    message: expect.stringContaining('did not begin HTTP/2'),
  });
  expect(socket.destroyed).toBe(true);
});

test('a server that says nothing is waited for as long as the signal lets', async () => {
  const server = createSilentServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const socket = await plainSocket((server.address() as AddressInfo).port);
  const giving = new AbortController();
  const opening = openH2(socket, 'http://localhost', { signal: giving.signal });
  const reason = new Error('enough');
  giving.abort(reason);
  await expect(opening).rejects.toBe(reason);
  expect(socket.destroyed).toBe(true);
});
