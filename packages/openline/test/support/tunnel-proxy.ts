// An HTTP proxy that opens tunnels, to one server whatever it is asked for, and writes down what it is asked.
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type Server, type Socket } from 'node:net';
import { certificates, type Listening, listening } from './sockets.ts';

/** One CONNECT. */
interface Asked {
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
}

/** A proxy, to the end of its test. */
export class TunnelProxy implements Listening {
  readonly port: number;
  readonly server: Server;
  readonly sockets: Socket[];
  readonly url: string;
  readonly asked: Asked[] = [];
  /** What is said in place of opening a tunnel; with a head of 2xx the socket then stays as it is. */
  answer: string | undefined;

  private constructor(listening: Listening, url: string) {
    this.port = listening.port;
    this.server = listening.server;
    this.sockets = listening.sockets;
    this.url = url;
  }

  /** A proxy that leads to a server on 127.0.0.1; with `tls` it is an https one, for `localhost`. */
  static async to(target: { readonly port: number }, { tls = false } = {}): Promise<TunnelProxy> {
    const { cert, key } = await certificates();
    const server = tls ? createTlsServer({ cert, key }) : createServer();
    const listened = await listening(server as Server);
    const proxy = new TunnelProxy(listened, `${tls ? 'https' : 'http'}://localhost:${listened.port}`);
    server.on('connect', (request: IncomingMessage, client: Socket) => {
      proxy.asked.push({ target: request.url!, headers: request.headers });
      if (proxy.answer === undefined) {
        link(client, target.port);
        return;
      }
      client.resume().write(proxy.answer);
      client.on('end', () => client.end());
    });
    return proxy;
  }
}

function link(client: Socket, port: number): void {
  const origin = connect(port, '127.0.0.1', () => {
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    origin.pipe(client);
    client.pipe(origin);
  });
  for (const [socket, other] of [
    [client, origin],
    [origin, client],
  ] as const) {
    socket.on('error', () => undefined);
    socket.on('close', () => other.destroy());
  }
}
