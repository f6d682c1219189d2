// TLS on a socket that is connected already.

import { isIP, type Socket } from 'node:net';
import {
  type ConnectionOptions,
  connect,
  createSecureContext,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { settled, unheard } from './socket-events.ts';
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

/** Shakes hands with one server under one set of TLS options. */
export class TlsClient {
  readonly #host: string;
  readonly #options: ConnectionOptions;
  readonly #servername: string;
  readonly #sessions = new TlsSessions();

  /** @param host - what the certificate must be for; without brackets */
  constructor(host: string, options: ConnectionOptions = {}) {
    this.#host = host;
    this.#options = options;
    // RFC 6066, section 3: no addresses, no dot at the end.
    this.#servername = options.servername ?? (isIP(host) ? '' : host.replace(/\.$/, ''));
  }

  /**
   * Resolves when the server is known to be the one it should be. The given socket is closed with the new one, and at once when the handshake
   * fails or is aborted.
   *
   * @param protocols - offered by ALPN
   */
  async secure(socket: Socket, protocols: string[], signal: AbortSignal): Promise<TLSSocket> {
    const session = this.#options.session ?? this.#sessions.take();
    try {
      const secured = connect({
        ...this.#options,
        secureContext: contextOf(this.#options),
        socket,
        host: this.#host,
        servername: this.#servername,
        ALPNProtocols: protocols,
        session,
      });
      secured.on('error', unheard);
      this.#sessions.collectFrom(secured);
      await settled(secured, 'secureConnect', signal);
      if (session !== undefined && !secured.isSessionReused()) this.#sessions.drop(session);
      return secured;
    } catch (error) {
      if (session !== undefined) this.#sessions.drop(session);
      socket.destroy();
      throw error;
    }
  }
}
