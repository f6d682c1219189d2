// TLS on a socket that is connected already, or on one that begins to connect.

import { isIP, type Socket, type TcpNetConnectOpts } from 'node:net';
import {
  type ConnectionOptions,
  checkServerIdentity,
  connect,
  createSecureContext,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { highWaterMark, keepAliveDelayMs } from './race.ts';
import { settled, unheard } from './socket-events.ts';
import { reads, tlsReadBytes } from './socket-reads.ts';
import { TlsSessions } from './tls-sessions.ts';

/** Made once for each set of options: a bundle of authorities takes 200 ms to read, during which the process does nothing else. */
const contexts = new WeakMap<ConnectionOptions, SecureContext>();

function contextOf(options: ConnectionOptions): SecureContext {
  if (options.secureContext !== undefined) return options.secureContext;
  let context = contexts.get(options);
  if (context === undefined) {
    context = createSecureContext(options);
    contexts.set(options, context);
  }
  return context;
}

/** Where to connect to is the pool's business, whatever the user's options say. */
const nowhere: object = {
  socket: undefined,
  path: undefined,
  host: undefined,
  port: undefined,
  localAddress: undefined,
  localPort: undefined,
  lookup: undefined,
  family: undefined,
  hints: undefined,
  timeout: undefined,
  allowHalfOpen: undefined,
};

/** Shakes hands with one server under one set of TLS options. */
export class TlsClient {
  readonly #host: string;
  readonly #options: ConnectionOptions;
  readonly #servername: string;
  readonly #sessions = new TlsSessions();
  /** What each socket would resume. */
  readonly #offered = new WeakMap<TLSSocket, Buffer>();

  /** @param host - what the certificate must be for; without brackets */
  constructor(host: string, options: ConnectionOptions = {}) {
    this.#host = host;
    this.#options = options;
    // RFC 6066, section 3: no addresses, no dot at the end.
    this.#servername = options.servername ?? (isIP(host) ? '' : host.replace(/\.$/, ''));
  }

  /**
   * Begins to connect, and to shake hands as soon as it is connected: Node lets only a socket that connects by itself say where its reads go,
   * which makes each of them cheaper. Await {@link shaken} once it is connected.
   *
   * @param to - an address
   * @param protocols - offered by ALPN
   */
  begin(to: TcpNetConnectOpts, protocols: string[]): TLSSocket {
    const reading = { highWaterMark, onread: reads(tlsReadBytes) };
    const socket = this.#connect({ ...nowhere, ...to, ...reading }, protocols);
    const session = this.#offered.get(socket);
    const unused = (): void => {
      if (session !== undefined) this.#sessions.putBack(session);
    };
    socket.once('close', unused).once('connect', () => {
      socket.off('close', unused).setNoDelay(true).setKeepAlive(true, keepAliveDelayMs);
    });
    return socket;
  }

  /**
   * Shakes hands over a connected socket, which is closed with the new one, and at once when the handshake fails or is aborted. Resolves as
   * {@link shaken} does.
   *
   * @param protocols - offered by ALPN
   */
  async secure(socket: Socket, protocols: string[], signal: AbortSignal): Promise<TLSSocket> {
    try {
      return await this.shaken(this.#connect({ socket }, protocols), signal);
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  /** Resolves when the server is known to be the one it should be. The socket is closed when the handshake fails or is aborted. */
  async shaken(socket: TLSSocket, signal: AbortSignal): Promise<TLSSocket> {
    const session = this.#offered.get(socket);
    let isResumed = false;
    try {
      await settled(socket, 'secureConnect', signal);
      isResumed = socket.isSessionReused();
      return socket;
    } finally {
      if (session !== undefined && !isResumed) this.#sessions.drop(session);
    }
  }

  #connect(by: ConnectionOptions, protocols: string[]): TLSSocket {
    const session = this.#options.session ?? this.#sessions.take();
    const { checkServerIdentity: check = checkServerIdentity } = this.#options;
    const socket = connect({
      ...this.#options,
      secureContext: contextOf(this.#options),
      ...by,
      servername: this.#servername,
      // Whatever the address that it connects to.
      checkServerIdentity: (_, certificate) => check(this.#servername || this.#host, certificate),
      ALPNProtocols: protocols,
      session,
    });
    if (session !== undefined && session !== this.#options.session) this.#offered.set(socket, session);
    socket.on('error', unheard);
    this.#sessions.collectFrom(socket);
    return socket;
  }
}
