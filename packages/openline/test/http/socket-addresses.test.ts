// Which addresses of a name are tried, in which order, and what is said when none answers.
import { getEventListeners } from 'node:events';
import type { LookupFunction, Socket, TcpNetConnectOpts } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { beginConnect, connectFirst } from '../../src/http/race.ts';
import { SocketSource } from '../../src/http/socket.ts';
import type { SocketOptions } from '../../src/http/socket-options.ts';
import { deadAddress } from '../support/dead-address.ts';
import { lookupOf, silentServer, triedSockets, WatchedOpen } from '../support/sockets.ts';

function sourceOf(port: number, options: SocketOptions): SocketSource {
  return new SocketSource(new URL(`http://a.test:${port}`), options, 'neighbour');
}

/** Opens a socket and says where it has led. */
async function reached(source: SocketSource): Promise<string> {
  const { socket } = await source.open(new WatchedOpen());
  onTestFinished(() => void socket.destroy());
  return socket.remoteAddress!;
}

const never = Number.POSITIVE_INFINITY;

describe('the addresses of a name', () => {
  test('are asked for at every open, so that a moved service is followed', async () => {
    const { port } = await silentServer('0.0.0.0');
    let now = '127.0.0.1';
    const lookup: LookupFunction = (_host, _options, answer) => answer(null, [{ address: now, family: 4 }]);
    const source = sourceOf(port, { lookup });
    expect(await reached(source)).toBe('127.0.0.1');
    now = '127.0.0.2';
    expect(await reached(source)).toBe('127.0.0.2');
  });

  test('may be one, as functions for older versions of Node give it', async () => {
    const { port } = await silentServer();
    const lookup: LookupFunction = (_host, _options, answer) => answer(null, '127.0.0.1', 4);
    expect(await reached(sourceOf(port, { lookup }))).toBe('127.0.0.1');
  });

  test('are tried one after the other while they refuse', async () => {
    const { port } = await silentServer('127.0.0.4');
    const lookup = lookupOf('127.0.0.2', '::1', '127.0.0.3', '127.0.0.4');
    const source = sourceOf(port, { lookup, autoSelectFamilyAttemptTimeoutMs: never });
    expect(await reached(source)).toBe('127.0.0.4');
  });

  test('are tried with the families in turn', async () => {
    const { port } = await silentServer('::1');
    await silentServer('127.0.0.2', port);
    const lookup = lookupOf('127.0.0.1', '127.0.0.2', '::1');
    const source = sourceOf(port, { lookup, autoSelectFamilyAttemptTimeoutMs: never });
    expect(await reached(source)).toBe('::1');
  });

  test('are tried beside one that is silent, which is closed when another has answered', async () => {
    await using dead = await deadAddress();
    await silentServer('127.0.0.2', dead.port);
    const lookup = lookupOf(dead.host, '127.0.0.2');
    const tried = triedSockets();
    const source = sourceOf(dead.port, { lookup, autoSelectFamilyAttemptTimeoutMs: 20 });
    expect(await reached(source)).toBe('127.0.0.2');
    expect(tried.map(({ destroyed }) => destroyed)).toEqual([true, false]);
  });

  test('are not given up while another is tried: one far away is reached although the last one refuses', async () => {
    await using dead = await deadAddress();
    const lookup = lookupOf(dead.host, '127.0.0.2');
    const source = sourceOf(dead.port, { lookup, autoSelectFamilyAttemptTimeoutMs: 20 });
    const tried = triedSockets();
    const reaching = reached(source);
    await expect.poll(() => tried.map(({ destroyed }) => destroyed)).toEqual([false, true]);
    dead.answer();
    expect(await reaching).toBe(dead.host);
  });

  test('are those of the family of the local address', async () => {
    const { port } = await silentServer('127.0.0.2');
    await silentServer('::1', port);
    const lookup = lookupOf('::1', '127.0.0.2');
    expect(await reached(sourceOf(port, { lookup, localAddress: '127.0.0.1' }))).toBe('127.0.0.2');
    await expect(
      reached(sourceOf(port, { lookup: lookupOf('::1'), localAddress: '127.0.0.1' })),
    ).rejects.toMatchObject({
      message: expect.stringContaining('no IP address of the family of localAddress'),
    });
  });

  test('are all named when none answers, with the code of the failure that may pass', async () => {
    const { port, server } = await silentServer();
    await new Promise((resolve) => server.close(resolve));
    const failing = reached(sourceOf(port, { lookup: lookupOf('127.0.0.1', '127.0.0.2', '127.0.0.3') }));
    await expect(failing).rejects.toMatchObject({ code: 'ECONNREFUSED', errors: { length: 3 } });
    const error = await failing.catch((reason: Error) => reason);
    expect(String(error)).toContain(`127.0.0.1:${port}; connect ECONNREFUSED 127.0.0.2:${port}; connect`);
  });

  test('are 64 at the most, of which five are named', async () => {
    const { port, server } = await silentServer();
    await new Promise((resolve) => server.close(resolve));
    const many = Array.from({ length: 100 }, (_, index) => `127.0.0.${index + 1}`);
    const error = await reached(sourceOf(port, { lookup: lookupOf(...many) })).catch(
      (reason: Error) => reason,
    );
    expect(error).toMatchObject({ errors: { length: 64 } });
    expect(String(error)).toMatch(
      /^AggregateError: none of 64 addresses answered: .*127\.0\.0\.5:\d+; and 59 more$/,
    );
  });

  test('are given up, and those under way with them, where Node refuses to begin with one', async () => {
    await using dead = await deadAddress();
    const { signal } = new AbortController();
    const refusal = new TypeError('no such option');
    const begun: Socket[] = [];
    const begin = (to: TcpNetConnectOpts): Socket => {
      if (begun.length > 0) throw refusal;
      const socket = beginConnect(to);
      begun.push(socket);
      return socket;
    };
    const race = { port: dead.port, localAddress: undefined, attemptDelayMs: 20, signal, begin };
    await expect(connectFirst([dead.host, '127.0.0.2'], race)).rejects.toBe(refusal);
    expect(begun.map(({ destroyed }) => destroyed)).toEqual([true]);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('must be addresses', async () => {
    for (const found of ['elsewhere.test', []] as const) {
      const lookup: LookupFunction = (_host, _options, answer) => answer(null, found as string);
      await expect(reached(sourceOf(80, { lookup }))).rejects.toMatchObject({
        message: 'the lookup of a.test gave no IP address',
      });
    }
  });
});

describe('a name without an address', () => {
  const unknown = Object.assign(new Error('getaddrinfo ENOTFOUND a.test'), { code: 'ENOTFOUND' });

  test('is told in the words of the lookup', async () => {
    const lookup: LookupFunction = (_host, _options, answer) => answer(unknown, '');
    await expect(reached(sourceOf(80, { lookup }))).rejects.toBe(unknown);
    const throwing: LookupFunction = () => {
      throw unknown;
    };
    await expect(reached(sourceOf(80, { lookup: throwing }))).rejects.toBe(unknown);
  });

  test('is worth another try only if it has had one before', async () => {
    const { port } = await silentServer();
    let isKnown = false;
    const lookup: LookupFunction = (_host, _options, answer) =>
      isKnown ? answer(null, '127.0.0.1', 4) : answer(unknown, '');
    const source = sourceOf(port, { lookup });
    await expect(reached(source)).rejects.toBe(unknown);
    expect(source.isRetryable(unknown)).toBe(false);
    isKnown = true;
    await reached(source);
    expect(source.isRetryable(unknown)).toBe(true);
  });
});
