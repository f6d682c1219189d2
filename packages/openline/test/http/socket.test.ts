// Where a socket leads to, which phases its open has, and what is told of it.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidOptionsError } from 'openline';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SocketSource } from '../../src/http/socket.ts';
import type { SocketOptions } from '../../src/http/socket-options.ts';
import {
  certificates,
  type Listening,
  listening,
  lookupOf,
  silentServer,
  tlsServer,
  WatchedOpen,
} from '../support/sockets.ts';
import { open } from './support/opened.ts';

/** The server at the other end says a word, and hears one. */
async function talks({ sockets }: Listening, socket: Socket): Promise<void> {
  await expect.poll(() => sockets.length).toBe(1);
  sockets[0]!.write('hello');
  expect(String((await once(socket, 'data'))[0])).toBe('hello');
  socket.write('goodbye');
  expect(String((await once(sockets[0]!, 'data'))[0])).toBe('goodbye');
}

describe('a socket', () => {
  test('to a name has the phases dns and tcp', async () => {
    const server = await silentServer();
    const { watched, socket, isH2 } = await open(`http://a.test:${server.port}`, {
      lookup: lookupOf('127.0.0.1'),
    });
    expect(watched.phases).toEqual(['dns', 'tcp']);
    expect(watched.told).toBe(`a.test:${server.port}`);
    expect(isH2).toBe(false);
    await talks(server, socket);
  });

  test('to a name that the system knows needs no lookup of the user', async () => {
    const server = await silentServer();
    const { socket } = await open(`http://localhost:${server.port}`);
    await talks(server, socket);
  });

  test('to an IPv4 address asks no DNS', async () => {
    const lookup = lookupOf('127.0.0.2');
    const server = await silentServer();
    const { watched, socket } = await open(`http://127.0.0.1:${server.port}`, { lookup });
    expect(watched.phases).toEqual(['tcp']);
    expect(lookup.asked).toEqual([]);
    await talks(server, socket);
  });

  test('to an IPv6 address in brackets finds it', async () => {
    const server = await silentServer('::1');
    const { watched, socket } = await open(`http://[::1]:${server.port}`);
    expect(watched.phases).toEqual(['tcp']);
    expect(watched.told).toBe(`[::1]:${server.port}`);
    await talks(server, socket);
  });

  test('to an https origin has TLS for its last phase', async () => {
    const { ca, cert, key } = await certificates();
    const server = await tlsServer({ cert, key });
    const { watched, socket } = await open(`https://localhost:${server.port}`, { tls: { ca } });
    expect(watched.phases).toEqual(['dns', 'tcp', 'tls']);
    expect(watched.told).toBe(`localhost:${server.port}`);
    expect(socket).toMatchObject({ authorized: true, encrypted: true });
  });

  test('goes to the port of its scheme where the origin names none', async () => {
    const refused = { lookup: lookupOf('127.0.0.1'), localAddress: '127.0.0.1' };
    const toldBy = async (origin: string): Promise<string> => {
      const watched = new WatchedOpen();
      const opened = await new SocketSource(new URL(origin), refused, 'neighbour')
        .open(watched)
        .catch(() => {});
      opened?.socket.destroy();
      return watched.told;
    };
    expect(await toldBy('http://a.test')).toBe('a.test:80');
    expect(await toldBy('https://a.test')).toBe('a.test:443');
  });

  test('goes to a socket file, and TLS still knows the host by its name', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'openline-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const socketPath = join(folder, 'http.sock');
    const { ca, cert, key } = await certificates();
    const { server } = await tlsServer({ cert, key });
    const behind = createServer((socket) => server.emit('connection', socket));
    behind.listen(socketPath);
    await once(behind, 'listening');
    onTestFinished(() => void behind.close());

    const tls = { ca };
    const { watched, socket } = await open('https://a.test', { socketPath, tls });
    expect(watched.phases).toEqual(['tcp', 'tls']);
    expect(watched.told).toBe(socketPath);
    socket.destroy();
    await expect(open('https://b.test', { socketPath, tls })).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
  });

  test('comes from the local address that the user names', async () => {
    const server = await silentServer();
    await open(`http://127.0.0.1:${server.port}`, { localAddress: '127.0.0.3' });
    await expect.poll(() => server.sockets[0]?.remoteAddress).toBe('127.0.0.3');
  });

  test('whose error nobody hears does not end the process', async () => {
    const { ca, cert, key } = await certificates();
    const plain = await silentServer();
    const secure = await tlsServer({ cert, key });
    for (const server of [plain, secure]) {
      const scheme = server === secure ? 'https' : 'http';
      const { socket } = await open(`${scheme}://127.0.0.1:${server.port}`, { tls: { ca } });
      socket.destroy(new Error('out of order'));
      await new Promise((resolve) => socket.once('close', resolve));
    }
  });

  test('notices that the peer has ended it', async () => {
    const server = await listening(createServer((socket) => socket.end()));
    const { socket } = await open(`http://127.0.0.1:${server.port}`);
    socket.resume();
    await once(socket, 'close');
  });
});

describe('a failed open', () => {
  test('keeps the code and the words of the system', async () => {
    const { port, server } = await silentServer();
    await new Promise((resolve) => server.close(resolve));
    await expect(open(`http://127.0.0.1:${port}`)).rejects.toMatchObject({
      code: 'ECONNREFUSED',
      message: `connect ECONNREFUSED 127.0.0.1:${port}`,
    });
  });

  test('is worth another try where the network or the server may recover', () => {
    const source = new SocketSource(new URL('http://a.test'), {}, 'neighbour');
    const isRetryable = (code: string): boolean =>
      source.isRetryable(Object.assign(new Error('no'), { code }));
    for (const code of ['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENOENT'])
      expect([code, isRetryable(code)]).toEqual([code, true]);
    for (const code of [
      'ERR_TLS_CERT_ALTNAME_INVALID',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'CERT_HAS_EXPIRED',
      'EPROTO',
      'ENOTFOUND',
      'OPENLINE_PROXY_INVALID',
    ])
      expect([code, isRetryable(code)]).toEqual([code, false]);
    expect(source.isRetryable(undefined)).toBe(false);
  });
});

describe('options', () => {
  test('are refused all at once, and no secret is shown', () => {
    const options = {
      localAddress: 'here',
      lookup: 'dns',
      autoSelectFamilyAttemptTimeoutMs: 0,
      tls: 'ca',
      socketPath: '',
      allowH2: 'no',
      proxy: 'socks5://user:secret@proxy.test',
    } as unknown as SocketOptions;
    const make = (): SocketSource => new SocketSource(new URL('ftp://a.test'), options, 'neighbour');
    expect(make).toThrow(InvalidOptionsError);
    let error: InvalidOptionsError | undefined;
    try {
      make();
    } catch (thrown) {
      error = thrown as InvalidOptionsError;
    }
    expect(error!.faults.map(({ option }) => option).sort()).toEqual([
      'allowH2',
      'autoSelectFamilyAttemptTimeoutMs',
      'localAddress',
      'lookup',
      'origin',
      'proxy',
      'proxy',
      'socketPath',
      'tls',
    ]);
    expect(error!.message).toContain('socks5://, which is not supported');
    expect(error!.message).not.toContain('secret');
  });
});
