// What the kernel is told of every socket.
import { connect } from 'node:net';
import { expect, test, vi } from 'vitest';
import { SocketSource } from '../../src/http/socket.ts';
import { silentServer, WatchedOpen } from '../support/sockets.ts';

vi.mock('node:net', async (original) => {
  const net = await original<typeof import('node:net')>();
  return { ...net, connect: vi.fn(net.connect) };
});

test('a socket sends small pieces at once, and asks after a peer that has been silent for a minute', async () => {
  const { port } = await silentServer();
  const source = new SocketSource(new URL(`http://127.0.0.1:${port}`), {}, 'neighbour');
  const { socket } = await source.open(new WatchedOpen());
  socket.destroy();
  const asSet = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 };
  expect(vi.mocked(connect).mock.calls).toMatchObject([[asSet]]);
});
