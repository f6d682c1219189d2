// The servers of the drop-in list: Node's own, and nginx before one of them, over HTTP/1.1 without TLS and with it, and over HTTP/2.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { constants, createSecureServer, type Http2ServerResponse } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { type Certificates, makeCertificates, type Nginx, startNginx } from 'openline-cli/servers';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { lacksNginx, proxyTo } from './nginx.ts';

/** What a server does with a request. Over HTTP/2 these are Node's own look-alikes. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => unknown;

/** What is known of a server before it runs. */
export interface ServerKind {
  readonly name: string;
  readonly by: 'node' | 'nginx';
  readonly scheme: 'http' | 'https';
  readonly isH2: boolean;
}

const kinds: readonly ServerKind[] = (['node', 'nginx'] as const).flatMap((by) => [
  { name: `${by}, HTTP/1.1`, by, scheme: 'http', isH2: false },
  { name: `${by}, HTTP/1.1 over TLS`, by, scheme: 'https', isH2: false },
  { name: `${by}, HTTP/2`, by, scheme: 'https', isH2: true },
]);

/** The servers of a file. */
export interface DropinServers {
  readonly kinds: readonly ServerKind[];
  /** The authority of those with TLS; from the first test on. */
  readonly ca: string;
  /** Where a server is; from the first test on. */
  originOf(kind: ServerKind): string;
  /** Says what every server does until the test is over. */
  answer(answer: Answer): void;
  /** What becomes of an upgrade or a CONNECT until the test is over. */
  onTunnel(
    event: 'upgrade' | 'connect',
    take: (request: IncomingMessage, socket: Socket, head: Buffer) => void,
  ): void;
}

/** Starts them before the tests of the file, and stops them after. */
export function givenDropinServers({ withNginx = false }: { withNginx?: boolean } = {}): DropinServers {
  const used = kinds.filter(({ by }) => by === 'node' || withNginx);
  const origins = new Map<ServerKind, string>();
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  let certificates: Certificates | undefined;
  let nginx: Nginx | undefined;
  let current: Answer = unasked;
  const ask: Answer = (request, response) => {
    // Of a response whose client has gone.
    response.on('error', () => undefined);
    request.on('error', () => undefined);
    current(request, response);
  };

  const listen = async (server: Server): Promise<number> => {
    servers.push(server);
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  };

  beforeAll(async () => {
    certificates = await makeCertificates(['localhost', '127.0.0.1', '::1']);
    const plain = createServer(ask);
    const secure = createHttpsServer(certificates, ask);
    const h2 = createSecureServer({ ...certificates, allowHTTP1: true });
    h2.on('request', ask as never).on('sessionError', () => undefined);
    const nodePorts = [await listen(plain), await listen(secure), await listen(h2)];
    const nginxKinds = used.filter(({ by }) => by === 'nginx');
    if (nginxKinds.length > 0 && lacksNginx === undefined) {
      nginx = await startNginx({
        certificates,
        sites: nginxKinds.map(({ scheme, isH2 }) => ({
          protocol: isH2 ? 'h2' : scheme,
          directives: proxyTo(nodePorts[0]!),
        })),
      });
    }
    const ports = [...nodePorts, ...(nginx?.ports ?? [])];
    for (const [at, port] of ports.entries()) {
      const kind = used[at]!;
      origins.set(kind, `${kind.scheme}://127.0.0.1:${port}`);
    }
  });
  afterAll(async () => {
    await nginx?.stop();
    for (const socket of sockets) socket.destroy();
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  });

  return {
    kinds: used,
    get ca() {
      return started(certificates).ca;
    },
    originOf: (kind) => started(origins.get(kind)),
    answer(answer) {
      current = answer;
      onTestFinished(() => {
        current = unasked;
      });
    },
    onTunnel(event, take) {
      for (const server of servers) server.on(event, take);
      onTestFinished(() => {
        for (const server of servers) server.off(event, take);
      });
    },
  };
}

function started<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the servers start in beforeAll: ask for this in a test');
  return value;
}

function unasked(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(500).end('no test has said what to answer');
}

/** Ends a response in the middle, as a server does that fails: the stream over HTTP/2, else the connection. */
export function cut(response: ServerResponse): void {
  const { stream } = response as unknown as Partial<Http2ServerResponse>;
  if (stream === undefined) response.socket?.destroy();
  else stream.close(constants.NGHTTP2_INTERNAL_ERROR);
}
