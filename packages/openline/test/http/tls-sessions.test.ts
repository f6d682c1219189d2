// TLS sessions: resumed, never in place of a check, and no more of them than are worth keeping.
import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { LookupFunction } from 'node:net';
import type { SecureVersion, Server, TLSSocket, TlsOptions } from 'node:tls';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { SocketSource } from '../../src/http/socket.ts';
import type { SocketOptions } from '../../src/http/socket-options.ts';
import { TlsSessions } from '../../src/http/tls-sessions.ts';
import { certificates, type Listening, lookupOf, tlsServer, WatchedOpen } from '../support/sockets.ts';

const lookup = lookupOf('127.0.0.1');

async function started(version: SecureVersion, further: TlsOptions = {}): Promise<Listening> {
  const { cert, key } = await certificates();
  return tlsServer({ cert, key, minVersion: version, maxVersion: version, ...further });
}

async function sourceOf({ port }: Listening, tls: SocketOptions['tls'] = {}): Promise<SocketSource> {
  const { ca } = await certificates();
  return new SocketSource(new URL(`https://a.test:${port}`), { lookup, tls: { ca, ...tls } }, 'neighbour');
}

/** Opens a socket and says whether it was resumed; if not, waits for the tickets: in TLS 1.3 Node's server sends two, after the handshake. */
async function resumed(source: SocketSource): Promise<boolean> {
  const socket = (await source.open(new WatchedOpen())).socket as TLSSocket;
  onTestFinished(() => void socket.destroy());
  socket.resume();
  if (socket.isSessionReused()) return true;
  if (socket.getProtocol() === 'TLSv1.3') {
    for (let ticket = 0; ticket < 2; ticket++)
      await new Promise((resolve) => socket.once('session', resolve));
  }
  return false;
}

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('a session of %s', (version) => {
  test('is resumed by the connections that follow', async () => {
    const source = await sourceOf(await started(version));
    expect(await resumed(source)).toBe(false);
    expect(await resumed(source)).toBe(true);
    expect(await resumed(source)).toBe(true);
  });

  test('that the server has forgotten is dropped, and replaced by those that it gives then', async () => {
    const server = await started(version);
    const source = await sourceOf(server);
    await resumed(source);
    await resumed(source);
    (server.server as Server).setTicketKeys(randomBytes(48));
    const opens: boolean[] = [];
    for (let open = 0; open < 5; open++) opens.push(await resumed(source));
    expect(opens).toEqual([false, true, true, true, true]);
  });

  test('is dropped when the handshake fails with it', async () => {
    let isBroken = false;
    const server = await started(version, {
      ALPNCallback: () => (isBroken ? undefined : 'http/1.1'),
    });
    const source = await sourceOf(server);
    await resumed(source);
    await resumed(source);
    isBroken = true;
    await expect(source.open(new WatchedOpen())).rejects.toThrow(/no application protocol/);
    isBroken = false;
    expect(await resumed(source)).toBe(false);
  });

  test('is not used up by an address that refuses the connection', async () => {
    const { port } = await started(version);
    const { ca } = await certificates();
    let isRefused = false;
    const either: LookupFunction = (...args) =>
      (isRefused ? lookupOf('127.0.0.2', '127.0.0.1') : lookup)(...args);
    const source = new SocketSource(new URL(`https://a.test:${port}`), { lookup: either, tls: { ca } }, 'n');
    await resumed(source);
    isRefused = true;
    const taken = vi.spyOn(TlsSessions.prototype, 'take');
    onTestFinished(() => void taken.mockRestore());
    expect(await resumed(source)).toBe(true);
    const [refused] = taken.mock.results;
    expect(taken).toHaveBeenCalledTimes(2);
    isRefused = false;
    await expect.poll(() => (taken.mock.contexts[0] as TlsSessions).take()).toBe(refused!.value);
  });

  test('of a server whose identity was refused is not kept: resumed it would be checked no more', async () => {
    const refusal = new Error('not this one');
    const source = await sourceOf(await started(version), { checkServerIdentity: () => refusal });
    for (let attempt = 0; attempt < 3; attempt++)
      await expect(source.open(new WatchedOpen())).rejects.toBe(refusal);
  });

  test('is that of one set of TLS options: others check the server for themselves', async () => {
    const server = await started(version);
    await resumed(await sourceOf(server));
    const strict = await sourceOf(server, { ca: '' });
    await expect(strict.open(new WatchedOpen())).rejects.toMatchObject({
      code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    });
    expect(await resumed(await sourceOf(server))).toBe(false);
  });
});

describe('the sessions of one server', () => {
  function givenBy(protocol: string, sessions: TlsSessions, ...names: string[]): void {
    const socket = Object.assign(new EventEmitter(), { getProtocol: () => protocol });
    sessions.collectFrom(socket as unknown as TLSSocket);
    for (const name of names) socket.emit('session', Buffer.from(name));
  }

  test('are given out once each over TLS 1.3, the newest first, and only the last one again', () => {
    const sessions = new TlsSessions();
    givenBy('TLSv1.3', sessions, 'first', 'second', 'third');
    const given = Array.from({ length: 4 }, () => String(sessions.take()));
    expect(given).toEqual(['third', 'second', 'first', 'first']);
  });

  test('over TLS 1.2 are the newest, which serves many times', () => {
    const sessions = new TlsSessions();
    givenBy('TLSv1.2', sessions, 'first', 'second');
    expect([String(sessions.take()), String(sessions.take()), sessions.size]).toEqual([
      'second',
      'second',
      1,
    ]);
  });

  test('are eight at the most', () => {
    const sessions = new TlsSessions();
    givenBy('TLSv1.3', sessions, ...Array.from({ length: 20 }, (_, index) => String(index)));
    expect(sessions.size).toBe(8);
    expect(String(sessions.take())).toBe('19');
  });

  test('have one again that was not used, and none twice', () => {
    const sessions = new TlsSessions();
    givenBy('TLSv1.3', sessions, 'first', 'second');
    sessions.putBack(sessions.take()!);
    expect([sessions.size, String(sessions.take())]).toEqual([2, 'second']);
    sessions.putBack(sessions.take()!);
    expect([sessions.size, String(sessions.take())]).toEqual([1, 'first']);
  });

  test('lose the one that failed', () => {
    const sessions = new TlsSessions();
    givenBy('TLSv1.3', sessions, 'only');
    sessions.drop(sessions.take()!);
    expect(sessions.take()).toBeUndefined();
  });
});
