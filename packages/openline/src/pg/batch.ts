// What the driver writes for the statements of one turn, gathered, so that it leaves in one piece.

import type { DriverConnection, DriverStream } from './driver.ts';

/** A batch leaves before its turn is over when it is as large as this. */
const mostBytes = 65_536;

/** Stands in for a connection while the driver writes a statement: it has all that the connection has, and keeps what is written. */
export class Batch {
  /** What the driver is given in place of its connection. */
  readonly writer: DriverConnection;
  /** The same for statements whose rows are known: the server is not asked what they look like. */
  readonly knowingWriter: DriverConnection;
  readonly #connection: DriverConnection;
  #buffers: Uint8Array[] = [];
  #bytes = 0;

  constructor(connection: DriverConnection) {
    this.#connection = connection;
    const keep = (buffer: Uint8Array): boolean => {
      this.#buffers.push(buffer);
      this.#bytes += buffer.length;
      return true;
    };
    const nothing = (): void => undefined;
    const stream = { cork: nothing, uncork: nothing, writable: true, write: keep };
    this.writer = Object.create(connection, {
      _send: { value: keep },
      stream: { value: stream },
    }) as DriverConnection;
    this.knowingWriter = Object.create(this.writer, { describe: { value: nothing } }) as DriverConnection;
  }

  /** Bytes that are gathered here or wait in the socket. */
  get unsentBytes(): number {
    return this.#bytes + this.#stream.writableLength;
  }

  /** Whether it should not wait for the end of the turn. */
  get isLarge(): boolean {
    return this.#bytes > mostBytes;
  }

  /** Sends what was gathered. */
  leave(): void {
    const buffers = this.#buffers;
    if (buffers.length === 0) return;
    const whole = buffers.length === 1 ? buffers[0]! : Buffer.concat(buffers, this.#bytes);
    this.#buffers = [];
    this.#bytes = 0;
    this.#stream.write(whole);
  }

  // Asked for each time: TLS puts its own in the place of the first.
  get #stream(): DriverStream {
    return this.#connection.stream;
  }
}
