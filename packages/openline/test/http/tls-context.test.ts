// A bundle of authorities takes long to read, and nothing else runs meanwhile: a pool reads its own once.
import { createSecureContext } from 'node:tls';
import { expect, onTestFinished, test, vi } from 'vitest';
import { SocketSource } from '../../src/http/socket.ts';
import { certificates, lookupOf, tlsServer, WatchedOpen } from '../support/sockets.ts';

vi.mock('node:tls', async (original) => {
  const tls = await original<typeof import('node:tls')>();
  return { ...tls, createSecureContext: vi.fn(tls.createSecureContext) };
});

test('the TLS options of a pool are read once, for all its origins and connections', async () => {
  const { ca, cert, key } = await certificates();
  const { port } = await tlsServer({ cert, key });
  const options = { lookup: lookupOf('127.0.0.1'), tls: { ca } };
  const read = vi.mocked(createSecureContext);
  read.mockClear();
  for (const host of ['a.test', 'localhost', 'a.test', '127.0.0.1']) {
    const source = new SocketSource(new URL(`https://${host}:${port}`), options, 'neighbour');
    const { socket } = await source.open(new WatchedOpen());
    onTestFinished(() => void socket.destroy());
  }
  expect(read).toHaveBeenCalledOnce();
});
