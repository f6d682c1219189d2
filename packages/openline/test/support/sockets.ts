// What tests of opening sockets share: servers that end with their test, certificates, and an open that is watched.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { type AddressInfo, createServer, type LookupFunction, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import type { OpenContext } from 'openline';
import { type Certificates, makeCertificates } from 'openline-cli/servers';
import { onTestFinished, vi } from 'vitest';

/** An open as a pool would start it, and what was told of it. */
export class WatchedOpen implements OpenContext {
  readonly #controller = new AbortController();
  readonly phases: string[] = [];
  told = '';
  onPhase: (name: string) => void = () => undefined;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  phase(name: string): void {
    this.phases.push(name);
    this.onPhase(name);
  }

  address(text: string): void {
    this.told = text;
  }

  abort(reason: Error): void {
    this.#controller.abort(reason);
  }
}

/** A server, with the sockets that it has taken, those of plain TCP below TLS. */
export interface Listening {
  readonly port: number;
  readonly server: Server;
  /** In the order of their coming. */
  readonly sockets: Socket[];
}

/** Listens until the test is over; then every socket is closed. */
export async function listening(server: Server, host = '127.0.0.1', port = 0): Promise<Listening> {
  const sockets: Socket[] = [];
  server.on('connection', (socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
  });
  server.on('tlsClientError', () => undefined);
  server.on('secureConnection', (socket: Socket) => socket.on('error', () => undefined));
  server.listen(port, host);
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, server, sockets };
}

/** A server that takes sockets, reads, and says nothing. */
export function silentServer(host?: string, port?: number): Promise<Listening> {
  return listening(
    createServer((socket) => socket.resume()),
    host,
    port,
  );
}

/** A TLS server that says nothing once the handshake is over. */
export function tlsServer(options: TlsOptions, host?: string): Promise<Listening> {
  return listening(
    createTlsServer(options, (socket) => socket.resume()),
    host,
  );
}

let made: Promise<Certificates> | undefined;

/** One authority and one certificate for all tests of a file: for `localhost`, `a.test` and 127.0.0.1. */
export function certificates(): Promise<Certificates> {
  made ??= makeCertificates(['localhost', 'a.test', '127.0.0.1']);
  return made;
}

/** Answers with these addresses, in this order, whatever is asked. */
export function lookupOf(...addresses: string[]): LookupFunction & { asked: string[] } {
  const asked: string[] = [];
  const lookup: LookupFunction = (host, _options, answer) => {
    asked.push(host);
    const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    process.nextTick(answer, null, found);
  };
  return Object.assign(lookup, { asked });
}

/** Waits until every socket that the server took is closed. */
export function allClosed({ sockets }: Listening): Promise<void> {
  return vi.waitFor(
    () => {
      const open = sockets.filter(({ destroyed }) => !destroyed).length;
      if (open > 0 || sockets.length === 0)
        throw new Error(`${open} of ${sockets.length} sockets are open still`);
    },
    { interval: 5, timeout: 5_000 },
  );
}

/** Every client socket that this process makes until the test is over. */
export function triedSockets(): Socket[] {
  const tried: Socket[] = [];
  const note = (message: unknown): void => void tried.push((message as { socket: Socket }).socket);
  subscribe('net.client.socket', note);
  onTestFinished(() => void unsubscribe('net.client.socket', note));
  return tried;
}
