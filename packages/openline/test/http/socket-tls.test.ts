// TLS to an origin: who is trusted, what is offered, what the errors say.
import { createServer } from 'node:net';
import { createSecureContext, type TLSSocket, type TlsOptions } from 'node:tls';
import { makeCertificates } from 'openline-cli/servers';
import { describe, expect, test } from 'vitest';
import { SocketSource } from '../../src/http/socket.ts';
import type { SocketOptions } from '../../src/http/socket-options.ts';
import {
  allClosed,
  certificates,
  type Listening,
  listening,
  lookupOf,
  tlsServer,
  WatchedOpen,
} from '../support/sockets.ts';
import { open } from './support/opened.ts';

const lookup = lookupOf('127.0.0.1');

interface TlsListening extends Listening {
  /** Once the handshake is over, in the order of their coming. */
  readonly secured: TLSSocket[];
}

async function started(options: TlsOptions = {}): Promise<TlsListening> {
  const { cert, key } = await certificates();
  const server = await tlsServer({ cert, key, ...options });
  const secured: TLSSocket[] = [];
  server.server.on('secureConnection', (socket: TLSSocket) => secured.push(socket));
  return Object.assign(server, { secured });
}

async function trusted(further: SocketOptions = {}): Promise<SocketOptions> {
  const { ca } = await certificates();
  return { lookup, ...further, tls: { ca, ...further.tls } };
}

/** Why an open fails, and whether the pool would try again; the server is left with no socket. */
async function failure(server: Listening, host: string, options: SocketOptions): Promise<[unknown, boolean]> {
  const source = new SocketSource(new URL(`https://${host}:${server.port}`), options, 'neighbour');
  const error = await source.open(new WatchedOpen()).then(
    () => expect.fail('it opened'),
    (reason: NodeJS.ErrnoException) => reason,
  );
  await allClosed(server);
  return [error.code, source.isRetryable(error)];
}

describe('a server', () => {
  test('is trusted only if an authority vouches for it', async () => {
    expect(await failure(await started(), 'a.test', { lookup })).toEqual([
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      false,
    ]);
  });

  test('must be the one that was asked for, by name or address', async () => {
    const refused = ['ERR_TLS_CERT_ALTNAME_INVALID', false];
    const { cert, key } = await certificates();
    expect(await failure(await started(), 'b.test', await trusted())).toEqual(refused);
    const atOtherAddress = await tlsServer({ cert, key }, '127.0.0.2');
    expect(await failure(atOtherAddress, '127.0.0.2', await trusted())).toEqual(refused);
  });

  test('with a certificate that has expired is not trusted', async () => {
    const { ca, cert, key } = await makeCertificates(['a.test'], { expired: true });
    const server = await tlsServer({ cert, key });
    expect(await failure(server, 'a.test', { lookup, tls: { ca } })).toEqual(['CERT_HAS_EXPIRED', false]);
  });

  test('is trusted unseen only if the user says so', async () => {
    const { port } = await started();
    const { socket } = await open(`https://b.test:${port}`, { lookup, tls: { rejectUnauthorized: false } });
    expect(socket).toMatchObject({ authorized: false });
  });

  test('is judged by the user in place of Node, where the user wants to', async () => {
    const server = await started();
    const refusal = Object.assign(new Error('not this one'), { code: 'NOT_THIS_ONE' });
    const seen: string[] = [];
    const checkServerIdentity = (host: string): Error => {
      seen.push(host);
      return refusal;
    };
    const options = await trusted({ tls: { checkServerIdentity } });
    expect(await failure(server, 'a.test', options)).toEqual(['NOT_THIS_ONE', false]);
    expect(seen).toEqual(['a.test']);
  });

  test('that speaks no TLS is not tried again, one that hangs up in the handshake is', async () => {
    const plain = await listening(createServer((socket) => socket.resume().end('SSH-2.0-server\r\n')));
    const [code, isRetryable] = await failure(plain, 'a.test', { lookup });
    expect(code).toMatch(/EPROTO|ERR_SSL/);
    expect(isRetryable).toBe(false);
    const closing = await listening(createServer((socket) => void socket.once('data', () => socket.end())));
    expect(await failure(closing, 'a.test', { lookup })).toEqual(['ECONNRESET', true]);
  });

  test('sees the certificate of the client', async () => {
    const { ca, cert, key } = await certificates();
    const server = await started({ requestCert: true, rejectUnauthorized: false, ca });
    await open(`https://a.test:${server.port}`, await trusted({ tls: { cert, key } }));
    await expect.poll(() => server.secured[0]?.getPeerCertificate().subject?.CN).toBe('localhost');
  });

  test('is judged by the secure context of the user where there is one', async () => {
    const { port } = await started();
    const { ca } = await certificates();
    const options = { lookup, tls: { secureContext: createSecureContext({ ca }) } };
    expect((await open(`https://a.test:${port}`, options)).socket).toMatchObject({ authorized: true });
  });

  test('is found broken by options that Node refuses, and no socket is left', async () => {
    const server = await started();
    const tls = { ca: 'no certificate', cert: 'none' };
    const source = new SocketSource(new URL(`https://a.test:${server.port}`), { lookup, tls }, 'neighbour');
    const error: unknown = await source.open(new WatchedOpen()).catch((reason) => reason);
    expect(error).toBeInstanceOf(Error);
    expect(source.isRetryable(error)).toBe(false);
    expect(server.sockets).toHaveLength(0);
  });
});

describe('the name of the server', () => {
  test.each([
    ['is that of the origin', 'a.test', {}, 'a.test'],
    ['has no dot at its end', 'a.test.', {}, 'a.test'],
    ['is not sent for an address', '127.0.0.1', {}, false],
    ['is that of the options if they have one', 'b.test', { servername: 'a.test' }, 'a.test'],
  ])('%s', async (_what, host, tls, sent) => {
    const server = await started();
    await open(`https://${host}:${server.port}`, await trusted({ tls }));
    await expect.poll(() => server.secured.length).toBe(1);
    expect((server.secured[0] as TLSSocket & { servername: unknown }).servername).toBe(sent);
  });
});

describe('HTTP/2', () => {
  const offered: string[][] = [];
  const withAlpn: TlsOptions = {
    ALPNCallback: ({ protocols }) => {
      offered.push(protocols);
      return protocols.includes('h2') ? 'h2' : 'http/1.1';
    },
  };

  test('is offered first, and taken if the server takes it', async () => {
    offered.length = 0;
    const { port } = await started(withAlpn);
    expect((await open(`https://a.test:${port}`, await trusted())).isH2).toBe(true);
    expect(offered).toEqual([['h2', 'http/1.1']]);
  });

  test('is not offered if the user forbids it, nor for an upgrade', async () => {
    offered.length = 0;
    const { port } = await started(withAlpn);
    const options = await trusted({ allowH2: false });
    expect((await open(`https://a.test:${port}`, options)).isH2).toBe(false);
    expect((await open(`https://a.test:${port}`, await trusted(), true)).isH2).toBe(false);
    expect(offered).toEqual([['http/1.1'], ['http/1.1']]);
  });

  test('is not spoken to a server that knows of no such choice', async () => {
    const { port } = await started();
    expect((await open(`https://a.test:${port}`, await trusted())).isH2).toBe(false);
  });
});
