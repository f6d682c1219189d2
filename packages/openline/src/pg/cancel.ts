// Asks the server to cancel what runs in a session, over a connection of its own that is made as the session's was.
// PostgreSQL documentation, chapter "Message Flow", "Canceling Requests in Progress".

import { Socket } from 'node:net';
import { type Clock, systemClock } from '../core/index.ts';
import type { DriverClient, DriverConnection } from './driver.ts';

/** How a cancel is sent. */
export interface CancelOptions {
  /** After it the cancel is given up, in milliseconds; above 0. */
  readonly limitMs: number;
  /** pg's `stream` option, if the client was made with it: how a socket is made. */
  readonly stream?: unknown;
  /** Default the machine's clock. */
  readonly clock?: Clock;
}

/**
 * What became of a cancel. `sent`: the server took it and closed its end. It says no more than that: whether there was a statement to
 * cancel shows on the session alone, and a signal may reach it a moment later.
 */
export type CancelOutcome = { readonly sent: true } | { readonly sent: false; readonly error: Error };

/** pg's own connection, which knows how TLS is begun. */
interface CancelConnection extends DriverConnection {
  connect(portOrPath: number | string, host?: string): void;
  requestSsl(): void;
  cancel(processID: number, secretKey: unknown): void;
}

type CancelConnectionClass = new (config: {
  readonly stream: unknown;
  readonly ssl: unknown;
  readonly sslNegotiation: string | undefined;
}) => CancelConnection;

/**
 * Asks the server to cancel the statement under way in the session of `client`. Where the session is under TLS, so is this, and the
 * certificate is checked before the session's secret is told.
 *
 * @returns what became of it; never rejects.
 */
export async function cancelStatement(client: DriverClient, options: CancelOptions): Promise<CancelOutcome> {
  try {
    await new Cancel(client, options).done;
    return { sent: true };
  } catch (error) {
    return { sent: false, error: error as Error };
  }
}

/** One cancel, from its socket's beginning to its end. */
class Cancel {
  readonly #connection: CancelConnection;
  #isWritten = false;
  readonly done: Promise<void>;

  constructor(client: DriverClient, { limitMs, stream, clock = systemClock }: CancelOptions) {
    const { processID, secretKey } = client;
    if (typeof processID !== 'number' || secretKey === null || secretKey === undefined)
      throw new Error('the client has no session yet');
    this.#connection = twinOf(client.connection, stream);
    this.done = new Promise((resolve, reject) => {
      const fail = (error: unknown): void => {
        timer.cancel();
        reject(error);
        this.#connection.stream.destroy();
      };
      const timer = clock.setTimer(() => {
        fail(new Error(`${this.#isWritten ? 'written, but not taken' : 'not sent'} within ${limitMs} ms`));
      }, limitMs);
      // Listened to for good: an error that comes after the end is nobody's.
      this.#connection.on('error', (error: Error & { syscall?: string }) => {
        // The server may close its end with a reset; only what could not be written has not been sent.
        if (this.#isWritten && error.syscall === 'read') resolve();
        fail(error);
      });
      this.#connection.once('end', () => {
        if (this.#isWritten) resolve();
        fail(new Error('the server closed the connection before the cancel was sent'));
      });
      try {
        this.#begin(client, () => {
          try {
            this.#connection.cancel(processID, secretKey);
            this.#isWritten = true;
          } catch {
            // Its own error may tell the secret.
            fail(new Error("the driver cannot write the session's secret"));
          }
        });
      } catch (error) {
        fail(error);
      }
    });
  }

  #begin({ host = 'localhost', port = 5432 }: DriverClient, write: () => void): void {
    const connection = this.#connection;
    if (!connection.ssl) connection.once('connect', write);
    else if (connection.sslNegotiation !== 'direct')
      connection.once('connect', () => connection.requestSsl());
    // Not before the certificate has been found good: till then the socket would only keep what is written, and who reads it is not known.
    connection.once('sslconnect', () => connection.stream.once('secureConnect', write));
    if (host.startsWith('/')) connection.connect(`${host}/.s.PGSQL.${port}`);
    else connection.connect(port, host);
  }
}

/** A connection, not connected yet, with the settings of another one. */
function twinOf(connection: DriverConnection | undefined, stream: unknown): CancelConnection {
  if (connection === undefined) throw new Error('the client has no connection of its own to imitate');
  if (stream !== undefined && typeof stream !== 'function')
    throw new Error('the stream that was given serves one connection only: give a function that makes them');
  const { ssl, sslNegotiation, stream: socket } = connection;
  const { encrypted, remoteAddress } = socket as { encrypted?: boolean; remoteAddress?: string };
  if (encrypted && !ssl && stream === undefined)
    throw new Error('the session is under TLS, and the driver does not know how that was begun');
  const Connection = connection.constructor as CancelConnectionClass;
  return new Connection({ stream: stream ?? socketTo(remoteAddress), ssl, sslNegotiation });
}

/** A socket that goes to a known address: by now the name may lead to another server, which knows nothing of the session. */
function socketTo(address: string | undefined): Socket {
  const socket = new Socket();
  if (address === undefined) return socket;
  const connect = socket.connect.bind(socket);
  socket.connect = ((port: number) => connect({ port, host: address })) as Socket['connect'];
  return socket;
}
