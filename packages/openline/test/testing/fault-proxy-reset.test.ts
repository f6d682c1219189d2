// A socket is reset whatever it is doing, and its handle is never lost.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { resetSocket } from '../../src/testing/fault-proxy-reset.ts';

let server: Server;
let socket: Socket;
let accepted: Socket;
const errors: unknown[] = [];

beforeEach(async () => {
  errors.length = 0;
  server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const connection = once(server, 'connection');
  socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', (error) => errors.push(error));
  [accepted] = (await connection) as [Socket];
  accepted.on('error', () => {});
  if (socket.connecting) await once(socket, 'connect');
});

afterEach(async () => {
  socket.destroy();
  accepted.destroy();
  await new Promise((resolve) => server.close(resolve));
});

test('an open socket is reset', async () => {
  const failure = once(accepted, 'error').catch((error: unknown) => error);
  accepted.resume();
  resetSocket(socket);
  await once(socket, 'close');
  expect(await failure).toMatchObject([{ code: 'ECONNRESET' }]);
});

test.each([
  ['in the same turn', () => Promise.resolve()],
  ['on the next tick', () => new Promise<void>((resolve) => process.nextTick(resolve))],
  ['one turn later', () => new Promise<void>((resolve) => setImmediate(resolve))],
])('a socket that ended %s closes without an error', async (_, pass) => {
  const closed = once(socket, 'close');
  socket.end();
  await pass();
  resetSocket(socket);
  await closed;
  expect(errors).toEqual([]);
});

test('a socket whose peer does not read is reset with its bytes still waiting', async () => {
  const closed = once(socket, 'close');
  socket.end(Buffer.alloc(32_000_000));
  resetSocket(socket);
  await closed;
  expect(errors).toEqual([]);
});

test('a connecting and a destroyed socket close quietly', async () => {
  const connecting = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
  connecting.on('error', (error) => errors.push(error));
  resetSocket(connecting);
  await once(connecting, 'close');
  resetSocket(connecting);
  resetSocket(new Socket().destroy());
  expect(errors).toEqual([]);
});
