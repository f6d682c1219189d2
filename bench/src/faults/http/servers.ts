// HTTP servers that do what no server should.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createSecureServer, type ServerHttp2Session } from 'node:http2';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { FaultProxy } from 'openline/testing';
import { makeCertificates } from 'openline-cli/servers';
import { nowMs } from '../clock.ts';

/** One contender's server. */
export interface Served {
  readonly origin: string;
  readonly ca: string | undefined;
  /** When it was connected to. */
  connects(): readonly number[];
  close(): Promise<void>;
}

const HOST = '127.0.0.1';

/** What came is told again: a caller knows its answer by that. */
export const tokenOf = ({ url = '' }: IncomingMessage): string => url.slice(1);

/** A server of HTTP/1.1 that says nothing of how long it keeps connections. */
export function answering(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Served> {
  return served(createServer({ keepAliveTimeout: 0 }, answer), 'http');
}

/** Closes each connection that has been idle for so long. */
export function closingIdle(idleMs: number): Promise<Served> {
  const timers = new WeakMap<Socket, NodeJS.Timeout>();
  return answering((request, response) => {
    const { socket } = request;
    clearTimeout(timers.get(socket));
    request.resume();
    response.end(tokenOf(request), () => {
      timers.set(
        socket,
        setTimeout(() => socket.destroy(), idleMs),
      );
    });
  });
}

/** Writes a response's beginning, and then more and more of what is no end of it. */
export function flooding(beginning: string, piece: string): Promise<Served> {
  const bytes = Buffer.from(piece.repeat(1_000));
  return answering(({ socket }) => {
    const more = (): void => {
      while (!socket.destroyed && socket.write(bytes));
    };
    socket.on('error', () => undefined);
    socket.on('drain', more);
    socket.write(beginning);
    more();
  });
}

/** The kernel takes connections for it, and nobody accepts them: no TLS handshake ever begins. */
export async function deaf(): Promise<Served> {
  const target = createTcpServer();
  await new Promise<void>((resolve) => target.listen(0, HOST, resolve));
  const proxy = await FaultProxy.start({ target: { port: (target.address() as AddressInfo).port } });
  proxy.deaf();
  const offset = nowMs() - performance.now();
  return {
    origin: `https://${HOST}:${proxy.port}`,
    ca: undefined,
    connects: () => proxy.attempts.map(({ at }) => at + offset),
    close: async () => {
      await proxy.close();
      await new Promise((resolve) => target.close(resolve));
    },
  };
}

/** How long after its goodbye a session is closed. */
const closesAfterMs = 200;

/** Speaks HTTP/2, takes a while for each answer, and says goodbye to every session now and then. */
export async function leaving(everyMs: number, answersAfterMs: number): Promise<Served> {
  const { ca, cert, key } = await makeCertificates([HOST]);
  const server = createSecureServer({ cert, key });
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  server.on('sessionError', () => undefined);
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    stream.resume();
    setTimeout(() => {
      if (stream.destroyed) return;
      stream.respond({ ':status': 200 });
      stream.end(String(headers[':path']).slice(1));
    }, answersAfterMs);
  });
  // `close` at once would refuse requests that come before the goodbye has gone out, and then Node's server reads memory that it has freed.
  const timer = setInterval(() => {
    for (const session of sessions) {
      sessions.delete(session);
      if (session.closed) continue;
      session.goaway();
      setTimeout(() => session.close(), closesAfterMs).unref();
    }
  }, everyMs);
  return served(server, 'https', ca, () => clearInterval(timer));
}

async function served(
  server: Server,
  scheme: 'http' | 'https',
  ca?: string,
  end: () => void = () => undefined,
): Promise<Served> {
  const connects: number[] = [];
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    connects.push(nowMs());
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  return {
    origin: `${scheme}://${HOST}:${(server.address() as AddressInfo).port}`,
    ca,
    connects: () => connects,
    close: () => {
      end();
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
