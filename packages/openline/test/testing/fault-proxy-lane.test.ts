// What a lane does when its destination takes no more: bytes wait, a reset does not.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Lane } from '../../src/testing/fault-proxy-lane.ts';

let server: Server;
let sockets: Socket[];
/** Speaks into the lane. */
let sender: Socket;
let source: Socket;
let destination: Socket;
/** What the lane speaks to; it does not read. */
let receiver: Socket;

async function pair(): Promise<[near: Socket, far: Socket]> {
  const accepted = once(server, 'connection');
  const near = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', noDelay: true });
  const [far] = (await accepted) as [Socket];
  if (near.connecting) await once(near, 'connect');
  for (const socket of [near, far]) sockets.push(socket.on('error', () => {}));
  return [near, far];
}

beforeEach(async () => {
  sockets = [];
  server = createServer({ pauseOnConnect: true, noDelay: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  [sender, source] = await pair();
  [destination, receiver] = await pair();
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

test('a reset overtakes the bytes that wait for a reader', async () => {
  while (destination.writableLength < 1_000_000) destination.write(Buffer.alloc(1_000_000));
  new Lane(source, destination, { delayMs: 0, bytesPerSecond: Infinity }, false, () => {});
  for (const word of ['written', 'waiting']) {
    sender.write(word);
    await once(source, 'data');
  }
  const closed = once(destination, 'close');
  sender.resetAndDestroy();
  await closed;
  expect(receiver.closed).toBe(false);
});

test('bytes that waited for a reader arrive in order once it reads', async () => {
  destination.write(Buffer.alloc(16_000_000));
  new Lane(source, destination, { delayMs: 0, bytesPerSecond: Infinity }, false, () => {});
  for (const word of ['one ', 'two ', 'three']) {
    sender.write(word);
    await once(source, 'data');
  }
  sender.end();
  const heard: Buffer[] = [];
  receiver.on('data', (chunk) => heard.push(chunk)).resume();
  await once(receiver, 'end');
  expect(Buffer.concat(heard).subarray(16_000_000).toString()).toBe('one two three');
});
