// Opens sockets to one origin: name, TCP, proxy, TLS, each a phase of the open.

import { isIP, type Socket, type TcpNetConnectOpts } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { InvalidOptionsError, type OpenContext } from '../core/index.ts';
import { addressesOf } from './addresses.ts';
import { type HttpProxy, hostOf, portOf, proxyOfEnvironment, readProxy } from './proxy.ts';
import { beginConnect, connectFirst } from './race.ts';
import { settled } from './socket-events.ts';
import { isTransient, isUnknownName } from './socket-failures.ts';
import { type SocketOptions, socketFaults } from './socket-options.ts';
import { TlsClient } from './tls.ts';
import { openTunnel } from './tunnel.ts';

/** A socket that is ready for requests. */
export interface OpenSocket {
  readonly socket: Socket;
  /** The server has chosen HTTP/2. */
  readonly isH2: boolean;
}

const defaultAttemptDelayMs = 250;

/**
 * Opens sockets to one origin, and keeps what makes the next one quicker: TLS sessions and options that have been read.
 *
 * @example
 * ```ts
 * const source = new SocketSource(new URL('https://example.com'), {}, 'example');
 * const connector: Connector<Socket> = {
 *   open: async (context) => (await source.open(context)).socket,
 *   isRetryable: (error) => source.isRetryable(error),
 * };
 * ```
 */
export class SocketSource {
  readonly #origin: URL;
  readonly #options: SocketOptions;
  readonly #proxy: () => HttpProxy | undefined;
  readonly #tls: TlsClient | undefined;
  /** By the proxies' names: the environment may name another one any time, so only that of the last open is kept. */
  #proxyTls: { readonly name: string; readonly client: TlsClient } | undefined;
  #hasResolved = false;

  /**
   * @param origin - of the kind `http:` or `https:`; what follows the host and port is ignored
   * @throws InvalidOptionsError with every fault in the options
   */
  constructor(origin: URL, options: SocketOptions, poolName: string) {
    const faults = socketFaults(options);
    if (origin.protocol !== 'http:' && origin.protocol !== 'https:')
      faults.push({
        option: 'origin',
        problem: `is of the kind ${origin.protocol}: give an http: or https: one`,
      });
    if (faults.length > 0) throw new InvalidOptionsError(poolName, faults);
    this.#origin = origin;
    this.#options = options;
    this.#proxy = proxyOf(origin, options);
    this.#tls = origin.protocol === 'https:' ? new TlsClient(hostOf(origin), options.tls) : undefined;
  }

  /**
   * Opens a socket: connected, through a proxy where there is one, and with TLS done where the origin wants it. Names are asked for anew. The
   * phases are `dns` (for names), `tcp`, `proxy-tls` (to an https proxy), `proxy` (its `CONNECT`) and `tls`. An error of the socket that
   * nobody hears does not end the process.
   *
   * @param onlyH1 - offer no HTTP/2, as for an upgrade
   * @throws (rejects) with the signal's reason once it aborts, else with Node's error or one of the codes `OPENLINE_PROXY_REFUSED` (with the
   * proxy's `status`) and `OPENLINE_PROXY_INVALID`. The socket is closed then.
   */
  async open(context: OpenContext, { onlyH1 = false }: { onlyH1?: boolean } = {}): Promise<OpenSocket> {
    context.signal.throwIfAborted();
    const proxy = this.#proxy();
    const target = `${this.#origin.hostname}:${portOf(this.#origin)}`;
    context.address(
      this.#options.socketPath ?? (proxy === undefined ? target : `${target} via ${proxy.name}`),
    );
    const connect = (): Promise<Socket> =>
      proxy === undefined ? this.#connect(context) : this.#connectBy(proxy, target, context);
    if (this.#tls === undefined) return { socket: await connect(), isH2: false };
    const offersH2 = !onlyH1 && this.#options.allowH2 !== false;
    const protocols = offersH2 ? ['h2', 'http/1.1'] : ['http/1.1'];
    const isDirect = proxy === undefined && this.#options.socketPath === undefined;
    const socket = isDirect
      ? await this.#connectSecurely(this.#tls, protocols, context)
      : await this.#secure(this.#tls, await connect(), protocols, context);
    return { socket, isH2: socket.alpnProtocol === 'h2' };
  }

  /**
   * Is a failed open worth another try? A refused or silent server is; a bad certificate, a failed handshake and a proxy's 407 are not. A name
   * without an address is if it has had one before: then DNS or a service being replaced is at fault; else it is misspelt, and callers had
   * better hear of it at once.
   */
  isRetryable(error: unknown): boolean {
    return isTransient(error) || (this.#hasResolved && isUnknownName(error));
  }

  async #connect(context: OpenContext): Promise<Socket> {
    const { socketPath } = this.#options;
    if (socketPath === undefined)
      return this.#connectTo(hostOf(this.#origin), portOf(this.#origin), context, beginConnect);
    context.phase('tcp');
    const socket = beginConnect({ path: socketPath });
    await settled(socket, 'connect', context.signal);
    return socket;
  }

  async #connectSecurely(tls: TlsClient, protocols: string[], context: OpenContext): Promise<TLSSocket> {
    const socket = await this.#connectTo(hostOf(this.#origin), portOf(this.#origin), context, (to) =>
      tls.begin(to, protocols),
    );
    context.phase('tls');
    return tls.shaken(socket, context.signal);
  }

  #secure(tls: TlsClient, socket: Socket, protocols: string[], context: OpenContext): Promise<TLSSocket> {
    context.phase('tls');
    return tls.secure(socket, protocols, context.signal);
  }

  async #connectTo<S extends Socket>(
    host: string,
    port: number,
    context: OpenContext,
    begin: (to: TcpNetConnectOpts) => S,
  ): Promise<S> {
    const {
      localAddress,
      lookup,
      autoSelectFamilyAttemptTimeoutMs: attemptDelayMs = defaultAttemptDelayMs,
    } = this.#options;
    const { signal } = context;
    let addresses: readonly string[] = [host];
    if (isIP(host) === 0) {
      context.phase('dns');
      addresses = await addressesOf({ host, lookup, localAddress, signal });
      this.#hasResolved = true;
    }
    context.phase('tcp');
    return connectFirst(addresses, { port, localAddress, attemptDelayMs, signal, begin });
  }

  async #connectBy(proxy: HttpProxy, target: string, context: OpenContext): Promise<Socket> {
    let socket: Socket = await this.#connectTo(proxy.host, proxy.port, context, beginConnect);
    if (proxy.isTls) {
      context.phase('proxy-tls');
      socket = await this.#tlsTo(proxy).secure(socket, ['http/1.1'], context.signal);
    }
    context.phase('proxy');
    await openTunnel(socket, target, proxy, context.signal);
    return socket;
  }

  #tlsTo({ name, host }: HttpProxy): TlsClient {
    if (this.#proxyTls?.name !== name)
      this.#proxyTls = { name, client: new TlsClient(host, this.#options.proxyTls) };
    return this.#proxyTls.client;
  }
}

/** What to ask for the proxy at every open. */
function proxyOf(origin: URL, { proxy = false, socketPath }: SocketOptions): () => HttpProxy | undefined {
  if (proxy === false || socketPath !== undefined) return () => undefined;
  if (proxy === 'environment') return () => proxyOfEnvironment(origin);
  const fixed = readProxy(proxy);
  return () => fixed;
}
