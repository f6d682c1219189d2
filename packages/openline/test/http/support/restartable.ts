// HTTP servers that can be restarted on their port, and answer each path in its own way: /TOKEN tells the token again.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** What the requests and responses of both versions have in common. */
type Asked = Pick<IncomingMessage, 'url' | 'on' | 'resume'>;
type Answer = Pick<ServerResponse, 'statusCode' | 'write' | 'end' | 'destroy' | 'on'>;

/** Bytes of the answer to /big/TOKEN. */
export const bigBytes = 400_000;

const host = '127.0.0.1';

/** A server that comes and goes. */
export class RestartableServer {
  readonly #make: () => Server;
  readonly #event: 'connection' | 'secureConnection';
  readonly sockets: Set<Socket> = new Set();
  #server: Server;
  #port = 0;
  /** The most connections that it had at once. */
  most = 0;
  restarts = 0;

  private constructor(make: () => Server, isTls: boolean) {
    this.#event = isTls ? 'secureConnection' : 'connection';
    this.#make = make;
    this.#server = make();
  }

  /** @param tls - speaks HTTP/2 over TLS; HTTP/1.1 without */
  static async start(tls?: { readonly cert: string; readonly key: string }): Promise<RestartableServer> {
    const answered = (asked: Asked, answer: Answer): void => answerTo(asked, answer);
    const server = new RestartableServer(
      () =>
        tls === undefined
          ? createServer({ keepAliveTimeout: 0 }, answered)
          : createSecureServer(tls, answered as never),
      tls !== undefined,
    );
    await server.#listen();
    onTestFinished(() => server.stop());
    return server;
  }

  get port(): number {
    return this.#port;
  }

  async #listen(): Promise<void> {
    // Below TLS a socket has lent its handle, and cannot be closed without a word more.
    this.#server.on(this.#event, (socket: Socket) => {
      socket.on('error', () => undefined);
      // Its handshake was under way when the server stopped.
      if (!this.#server.listening) {
        socket.destroy();
        return;
      }
      this.sockets.add(socket);
      this.most = Math.max(this.most, this.sockets.size);
      socket.once('close', () => this.sockets.delete(socket));
    });
    this.#server.on('sessionError', () => undefined);
    this.#server.on('tlsClientError', () => undefined);
    this.#server.listen(this.#port, host);
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async restart(): Promise<void> {
    await this.stop();
    this.#server = this.#make();
    await this.#listen();
    this.restarts++;
  }

  /** Ends one connection in the midst of whatever it carries. */
  cutOne(): void {
    const sockets = [...this.sockets];
    sockets[Math.floor(Math.random() * sockets.length)]?.destroy();
  }
}

function answerTo(asked: Asked, answer: Answer): void {
  const [, kind = '', token = ''] = (asked.url ?? '').split('/');
  answer.on('error', () => undefined);
  asked.on('error', () => undefined);
  if (kind === 'echo') {
    const pieces: Buffer[] = [];
    asked.on('data', (piece: Buffer) => pieces.push(piece));
    asked.on('end', () => answer.end(Buffer.concat(pieces)));
    return;
  }
  asked.resume();
  if (kind === 'big') answer.end(token.padEnd(bigBytes, '.'));
  else if (kind === 'slow') setTimeout(() => answer.end(token), 20);
  else if (kind === 'cut') answer.write(token, () => answer.destroy());
  else if (kind === 'silent') return;
  else answer.end(token);
}
