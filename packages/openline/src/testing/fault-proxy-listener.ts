// The listening socket of the fault proxy: opened on a safe port, closed, and opened again on the same port.
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Free ports are looked for from here to the end of the usual unprivileged range below the ephemeral ports
 * (32768 on Linux, 49152 elsewhere): on an ephemeral port a storm of connects can connect to itself.
 */
const FIRST_PORT = 10_240;
const PORTS = 32_768 - FIRST_PORT;
const PORT_ATTEMPTS = 100;

const REOPEN_FOR_MS = 1000;
const REOPEN_EVERY_MS = 20;

/** Keeps one address; whether something listens there is switched by {@link open} and {@link close}. */
export class ProxyListener {
  readonly #host: string;
  readonly #onSocket: (socket: Socket) => void;
  #port: number;
  #server: Server | undefined;
  #opening: Promise<void> | undefined;
  #wanted = false;

  constructor(host: string, port: number, onSocket: (socket: Socket) => void) {
    this.#host = host;
    this.#port = port;
    this.#onSocket = onSocket;
  }

  /** The port, chosen by the first {@link open} if it was 0. */
  get port(): number {
    return this.#port;
  }

  /**
   * Listens. On a known port that is taken it tries for a second more. Resolves without listening when
   * {@link close} comes in between.
   */
  async open(): Promise<void> {
    this.#wanted = true;
    while (this.#wanted && this.#server === undefined) {
      this.#opening ??= this.#openOnce().finally(() => {
        this.#opening = undefined;
      });
      await this.#opening;
    }
  }

  /** Stops listening at once; what was accepted goes on. Resolves when that, too, has ended. */
  async close(): Promise<void> {
    this.#wanted = false;
    const server = this.#server;
    this.#server = undefined;
    if (server !== undefined) await new Promise((resolve) => server.close(resolve));
    await this.#opening?.catch(() => {});
  }

  async #openOnce(): Promise<void> {
    const server = this.#port === 0 ? await this.#listenSomewhere() : await this.#listenAgain();
    if (server === undefined) return;
    if (!this.#wanted) {
      server.close();
      return;
    }
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  async #listenSomewhere(): Promise<Server> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#listen(FIRST_PORT + Math.floor(Math.random() * PORTS));
      } catch (error) {
        const code = codeOf(error);
        // EACCES: reserved by the system.
        if (attempt === PORT_ATTEMPTS || (code !== 'EADDRINUSE' && code !== 'EACCES')) throw error;
      }
    }
  }

  async #listenAgain(): Promise<Server | undefined> {
    for (let waitedMs = 0; this.#wanted; waitedMs += REOPEN_EVERY_MS) {
      try {
        return await this.#listen(this.#port);
      } catch (error) {
        if (waitedMs >= REOPEN_FOR_MS || codeOf(error) !== 'EADDRINUSE') throw error;
      }
      await sleep(REOPEN_EVERY_MS);
    }
    return undefined;
  }

  #listen(port: number): Promise<Server> {
    return new Promise((resolve, reject) => {
      const server = createServer(
        { allowHalfOpen: true, noDelay: true, pauseOnConnect: true },
        this.#onSocket,
      );
      // Stays on: a listening socket may fail later too, and must not end the process.
      server.on('error', reject);
      server.listen({ host: this.#host, port }, () => resolve(server));
    });
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
