// HTTP/2 servers for one test, and connections to them.
import {
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2';
import { type AddressInfo, connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { makeCertificates } from 'openline-cli/servers';
import { onTestFinished } from 'vitest';
import { type H2Connection, type H2Options, openH2 } from '../../../src/http/h2-connection.ts';
import { type FramePeer, givenFrameServer } from './h2-frames.ts';
import { event } from './recorder.ts';

/** What a server is asked. */
export type Ask = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders & IncomingHttpStatusHeader,
) => void;

/** A server, to the end of its test. */
export interface H2Server {
  readonly port: number;
  readonly sessions: ServerHttp2Session[];
  readonly sockets: Socket[];
  /** Every request that came, in order. */
  readonly asked: { readonly stream: ServerHttp2Stream; readonly headers: IncomingHttpHeaders }[];
  /** A new connection, without TLS. */
  connect(options?: H2Options): Promise<H2Connection>;
}

/** Starts a server without TLS. */
export async function givenH2Server(ask: Ask, options: ServerOptions = {}): Promise<H2Server> {
  const server = createServer(options);
  const served = await serve(server, ask);
  return { ...served, connect: (further) => connectTo(served.port, further) };
}

/** Starts a server with TLS; `ca` is what a client trusts it by. */
export async function givenSecureH2Server(
  ask: Ask,
  options: ServerOptions = {},
): Promise<Omit<H2Server, 'connect'> & { ca: string }> {
  const { ca, cert, key } = await makeCertificates(['localhost', '127.0.0.1']);
  return { ...(await serve(createSecureServer({ ...options, cert, key }), ask)), ca };
}

/** A new connection to a port of this machine, without TLS; closed when the test ends. */
export async function connectTo(port: number, options?: H2Options): Promise<H2Connection> {
  const socket = await plainSocket(port);
  const connection = await openH2(socket, `http://127.0.0.1:${port}`, options);
  onTestFinished(() => connection.close());
  return connection;
}

/** A connection and its other end, which speaks frame by frame. */
export async function givenFrames(
  settings?: Buffer,
  options?: H2Options,
): Promise<{ readonly connection: H2Connection; readonly peer: FramePeer }> {
  const server = await givenFrameServer(settings);
  const connection = await connectTo(server.port, options);
  return { connection, peer: await server.peer };
}

/** A connected socket; destroyed when the test ends. */
export async function plainSocket(port: number): Promise<Socket> {
  const socket = connectTcp({ port, host: '127.0.0.1' });
  onTestFinished(() => void socket.destroy());
  await event(socket, 'connect');
  return socket;
}

/** A connected TLS socket that has agreed on HTTP/2; destroyed when the test ends. */
export async function tlsSocket(port: number, ca: string): Promise<Socket> {
  const socket = connectTls({ port, host: '127.0.0.1', ca, ALPNProtocols: ['h2'] });
  onTestFinished(() => void socket.destroy());
  await event(socket, 'secureConnect');
  return socket;
}

async function serve(server: Http2Server, ask: Ask): Promise<Omit<H2Server, 'connect'>> {
  const sessions: ServerHttp2Session[] = [];
  const sockets: Socket[] = [];
  const asked: H2Server['asked'] = [];
  server.on('session', (session) => sessions.push(session));
  server.on('connection', (socket: Socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
  });
  server.on('sessionError', () => undefined);
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    asked.push({ stream, headers });
    ask(stream, headers);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return { port: (server.address() as AddressInfo).port, sessions, sockets, asked };
}
