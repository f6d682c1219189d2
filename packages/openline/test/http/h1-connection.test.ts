// An HTTP/1.1 connection that has died, and is asked once more.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { H1Connection } from '../../src/http/h1-connection.ts';
import { listening } from '../support/sockets.ts';
import { Recorder } from './support/recorder.ts';

it.each([
  ['ended', (end: () => void) => end()],
  ['reset', (_: () => void, reset: () => void) => reset()],
])(
  'refuses a request, unwritten, once its socket was %s by the server, and tries no further',
  async (_, dies) => {
    const { port, sockets } = await listening(
      createServer((socket) => {
        socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'));
      }),
    );
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const connection = new H1Connection(socket, new URL(`http://127.0.0.1:${port}`), {
      maxHeaderSize: 16_384,
    });
    const request = { path: '/', method: 'GET' } as const;
    const first = new Recorder();
    connection.send(request, first);
    await vi.waitFor(() => expect(first.calls).toContain('complete'));
    // undici's Client tries again for ever, without a pause, upon an error with one of its own codes.
    onTestFinished(() => void vi.unstubAllGlobals());
    const later = queueMicrotask;
    let turns = 0;
    vi.stubGlobal('queueMicrotask', (work: () => void) => {
      if (++turns > 100) throw new Error('it tries again and again');
      later(work);
    });
    const again = new Recorder();
    // In the moment of its death nobody has heard of it yet.
    socket.prependOnceListener('error', () => connection.send(request, again));
    socket.prependOnceListener('close', () => again.calls.length > 0 || connection.send(request, again));
    const server = sockets[0]!;
    dies(
      () => server.end(),
      () => server.resetAndDestroy(),
    );
    await vi.waitFor(() => expect(again.calls).toEqual(['error']));
    expect(again.error).toBeInstanceOf(Error);
    expect(turns).toBeLessThan(10);
    await connection.close();
  },
);
