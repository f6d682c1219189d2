// Stands between a client and its server, and writes down what each client says.
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** What one client said, and whether it is still there. */
export interface Overheard {
  said: Buffer;
  isOpen: boolean;
}

/** Where a client is led to. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/** A relay, to the end of its test. */
export class Relay {
  /** Where the next clients are led to; `undefined`: they are taken, and nobody answers. */
  target: Target | undefined;
  /** In the order of their coming. */
  readonly clients: Overheard[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(target: Target) {
    this.target = target;
    this.#server = createServer((client) => this.#link(client));
  }

  /** A relay on a TCP port. */
  static async to(target: Target): Promise<Relay> {
    const relay = new Relay(target);
    await new Promise<void>((resolve) => relay.#server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => relay.close());
    return relay;
  }

  /** A relay on a socket file as PostgreSQL names it; clients have the folder as their host. */
  static async onFile(target: Target, port: number): Promise<{ relay: Relay; folder: string }> {
    const relay = new Relay(target);
    const folder = mkdtempSync(join(tmpdir(), 'relay-'));
    await new Promise<void>((resolve) => relay.#server.listen(join(folder, `.s.PGSQL.${port}`), resolve));
    onTestFinished(async () => {
      await relay.close();
      rmSync(folder, { recursive: true, force: true });
    });
    return { relay, folder };
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Cuts everybody off, and listens no more. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  #link(client: Socket): void {
    const overheard: Overheard = { said: Buffer.alloc(0), isOpen: true };
    this.clients.push(overheard);
    const server = this.target === undefined ? undefined : connect(this.target);
    client.on('data', (chunk) => {
      overheard.said = Buffer.concat([overheard.said, chunk]);
      server?.write(chunk);
    });
    client.on('close', () => {
      overheard.isOpen = false;
    });
    server?.pipe(client);
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      if (socket === undefined) continue;
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => other?.destroy());
    }
  }
}
