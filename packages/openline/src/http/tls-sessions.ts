// TLS sessions kept to shorten the next handshake with the same server.

import type { TLSSocket } from 'node:tls';

/**
 * A server gives out two tickets a connection or so, and each is a few kB: enough for a pool that opens several connections at once, too
 * few to be felt with hundreds of origins.
 */
const mostKept = 8;

/** A session, and whether it had better be used once. */
interface Kept {
  readonly session: Buffer;
  readonly isTicket: boolean;
}

/**
 * The sessions of one server under one set of TLS options. Never share one between several: a resumed handshake asks neither for the
 * certificate nor for the identity again.
 */
export class TlsSessions {
  readonly #kept: Kept[] = [];

  /** How many are kept. */
  get size(): number {
    return this.#kept.length;
  }

  /**
   * The newest session. One of TLS 1.3 is given out once, lest an observer tell that two connections have the same client (RFC 8446, C.4).
   * The last one stays, since many servers, Node's among them, give a resumed connection no new one. One of TLS 1.2 serves many times.
   */
  take(): Buffer | undefined {
    const newest = this.#kept.at(-1);
    if (newest?.isTicket && this.#kept.length > 1) this.#kept.pop();
    return newest?.session;
  }

  /**
   * Keeps what the server gives a socket. Node tells of a session only once the server is known to be the right one: any earlier, and a server
   * that was refused could be resumed unchecked.
   */
  collectFrom(socket: TLSSocket): void {
    socket.on('session', (session) => this.#keep(session, socket.getProtocol() === 'TLSv1.3'));
  }

  /** Keeps one again that was taken for a connection that never came to be. */
  putBack(session: Buffer): void {
    if (!this.#kept.some((kept) => kept.session === session)) this.#keep(session, true);
  }

  /** Drops a session that the server no longer takes, or that a handshake failed with. */
  drop(session: Buffer): void {
    const index = this.#kept.findIndex((kept) => kept.session === session);
    if (index >= 0) this.#kept.splice(index, 1);
  }

  #keep(session: Buffer, isTicket: boolean): void {
    // In TLS 1.2 the newest stands for all: it serves many times.
    if (!isTicket) this.#kept.length = 0;
    this.#kept.push({ session, isTicket });
    if (this.#kept.length > mostKept) this.#kept.shift();
  }
}
