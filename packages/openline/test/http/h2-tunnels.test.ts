// Streams over HTTP/2 that become the user's own: tunnels by CONNECT, and WebSockets.
import { expect, test } from 'vitest';
import { givenH2Server } from './support/h2-servers.ts';
import { event, record } from './support/recorder.ts';

test('CONNECT opens a tunnel', async () => {
  const server = await givenH2Server((stream) => {
    stream.respond({ ':status': 200, 'x-proxy': 'yes' });
    stream.on('data', (piece: Buffer) => stream.write(`<${piece.toString()}>`));
    stream.on('end', () => stream.end());
  });
  const connection = await server.connect();
  const request = await record(connection, { method: 'CONNECT', path: 'db.example:5432' }).ended;
  expect(request.calls).toEqual(['connect', 'responseStarted', 'upgrade 200']);
  expect(request.fields).toContainEqual(['x-proxy', 'yes']);
  const { headers } = server.asked[0] ?? {};
  expect(headers).toMatchObject({ ':method': 'CONNECT', ':authority': 'db.example:5432' });
  expect(Object.keys(headers ?? {})).not.toContain(':path');
  const { socket } = request;
  if (socket === undefined) throw new Error('no socket');
  socket.write('hello');
  socket.setEncoding('utf8');
  await event(socket, 'readable');
  expect(socket.read()).toBe('<hello>');
  expect(connection.isQuiet).toBe(false);
  socket.resume();
  socket.end();
  await event(socket, 'close');
  expect(connection.isQuiet).toBe(true);
});

test('a tunnel that is refused is told with its status', async () => {
  const server = await givenH2Server((stream) => stream.respond({ ':status': 407 }, { endStream: true }));
  const request = await record(await server.connect(), { method: 'CONNECT', path: 'db.example:5432' }).ended;
  expect(request.calls.at(-1)).toBe('upgrade 407');
});

test('a WebSocket is opened where the server takes it', async () => {
  const server = await givenH2Server(
    (stream) => {
      stream.respond({ ':status': 200 });
      stream.end('welcome');
    },
    { settings: { enableConnectProtocol: true } },
  );
  const connection = await server.connect();
  const headers = { connection: 'upgrade', 'sec-websocket-version': '13' };
  const request = await record(connection, { path: '/chat', upgrade: 'websocket', headers }).ended;
  expect(request.error).toBeUndefined();
  expect(request.calls.at(-1)).toBe('upgrade 200');
  expect(server.asked[0]?.headers).toMatchObject({
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':path': '/chat',
    ':scheme': 'http',
    'sec-websocket-version': '13',
  });
});

test('a WebSocket that is refused is answered as any request', async () => {
  const server = await givenH2Server(
    (stream) => {
      stream.respond({ ':status': 403 });
      stream.end('no');
    },
    { settings: { enableConnectProtocol: true } },
  );
  const connection = await server.connect();
  const request = await record(connection, { upgrade: 'websocket' }).ended;
  expect(request.calls.slice(-3)).toEqual(['headers 403', 'data', 'complete']);
  expect(connection.isQuiet).toBe(true);
});

test('a tunnel dies with its connection, and nobody has to listen', async () => {
  const server = await givenH2Server((stream) => stream.respond({ ':status': 200 }));
  const connection = await server.connect();
  const { socket } = await record(connection, { method: 'CONNECT', path: 'db.example:5432' }).ended;
  const lost = new Promise((resolve) => connection.onLost(resolve));
  server.sockets[0]?.resetAndDestroy();
  await lost;
  if (socket !== undefined && !socket.closed) await event(socket, 'close');
  expect(connection.isQuiet).toBe(true);
});
