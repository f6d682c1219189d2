// How the engine opens, checks and closes connections to one origin.

import type { Connector, Lease, Line, Lines, OpenContext } from '../core/index.ts';
import type { HttpConnection } from './connection.ts';
import { H1Connection } from './h1-connection.ts';
import { H2Connection, openH2 } from './h2-connection.ts';
import type { SocketSource } from './socket.ts';

/** What the connector asks of the origin that uses it. */
export interface ConnectorHost {
  readonly url: URL;
  readonly sockets: SocketSource;
  readonly maxHeaderSize: number;
  /** Only connections that can be upgraded. */
  readonly onlyH1: boolean;
  /** Leases that wait for the reader of a body. */
  readonly unread: ReadonlySet<Lease<HttpConnection>>;
  /** A connection is open: what it speaks is what the next ones will speak. */
  opened(connection: HttpConnection): void;
  /** The most opens at once that make sense now. */
  opensAtOnce(): number;
  /** How long an idle connection may be reused, in milliseconds. */
  reusableForMs(connection: HttpConnection): number;
  /** A connection died while nobody had it. */
  diedIdle(connection: HttpConnection): void;
  /** Whether an HTTP/1.1 connection may be trusted after the machine slept. */
  isTrusted(connection: HttpConnection): boolean;
}

/** Up to this share of its capacity a connection is filled before another one is used. */
const fillsTo = 0.5;

/** The connector for one origin. */
export class HttpConnector implements Connector<HttpConnection> {
  readonly #host: ConnectorHost;
  /** Where the last shared lease went. */
  #lastLine: Line<HttpConnection> | undefined;

  constructor(host: ConnectorHost) {
    this.#host = host;
  }

  async open(context: OpenContext): Promise<HttpConnection> {
    const { url, sockets, onlyH1, maxHeaderSize } = this.#host;
    const { socket, isH2 } = await sockets.open(context, { onlyH1 });
    const connection = isH2
      ? await openH2(socket, url.origin, { signal: context.signal, maxHeaderSize })
      : new H1Connection(socket, url, { maxHeaderSize });
    this.#host.opened(connection);
    return connection;
  }

  /** HTTP/2 has a question for it; HTTP/1.1 has none, and is asked only after the machine slept. */
  async validate(connection: HttpConnection): Promise<unknown> {
    if (connection instanceof H2Connection) return connection.ping();
    return this.#host.isTrusted(connection);
  }

  close(connection: HttpConnection): Promise<unknown> {
    return connection.close();
  }

  isQuiet(connection: HttpConnection): boolean {
    return connection.isQuiet;
  }

  capacity(connection: HttpConnection): number {
    return connection.capacity;
  }

  /**
   * The requests of few callers share one connection: what they write goes out together, and what a crowd needed before comes to rest and is
   * closed. A crowd is spread evenly.
   */
  place(lines: Lines<HttpConnection>): Line<HttpConnection> | undefined {
    const last = this.#lastLine;
    if (last === undefined || !lines.takes(last) || lines.load(last) >= fillsTo) {
      this.#lastLine = lines.fullestBelow(fillsTo) ?? lines.idle() ?? lines.leastLoaded();
    }
    return this.#lastLine;
  }

  onLost(connection: HttpConnection, lost: (error: unknown) => boolean): void {
    connection.onLost((error) => {
      if (lost(error)) this.#host.diedIdle(connection);
    });
  }

  onRetired(connection: HttpConnection, retire: () => void): void {
    connection.onRetired(retire);
  }

  isRetryable(error: unknown): boolean {
    return this.#host.sockets.isRetryable(error);
  }

  /** A response on its way is no leak, however long it takes; one that nobody reads is. */
  isKept(_connection: HttpConnection, lease: Lease<HttpConnection>): boolean {
    return !this.#host.unread.has(lease);
  }

  opensAtOnce(): number {
    return this.#host.opensAtOnce();
  }

  reusableForMs(connection: HttpConnection): number {
    return this.#host.reusableForMs(connection);
  }
}
