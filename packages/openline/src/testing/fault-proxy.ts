// A TCP proxy that breaks on command, to be put before a real server in tests.
import type { Socket } from 'node:net';
import type { LineConditions } from './fault-proxy-lane.ts';
import { Link, type LinkTarget } from './fault-proxy-link.ts';
import { ProxyListener } from './fault-proxy-listener.ts';
import { resetSocket } from './fault-proxy-reset.ts';

const now: () => number = performance.now.bind(performance);

/** Options of {@link FaultProxy.start}. */
export interface FaultProxyOptions {
  /** The server behind the proxy. `host` is `127.0.0.1` by default; `port` is 1–65535. */
  readonly target: { readonly host?: string; readonly port: number };
  /** Address to listen on. Default: `127.0.0.1`. */
  readonly host?: string;
  /**
   * Port to listen on, 0–65535. Default: 0, a free one between 10240 and 32767. Above that, on an ephemeral
   * port, a storm of connects against a closed listener can connect to itself.
   */
  readonly port?: number;
}

/** One connection that reached a {@link FaultProxy}. */
export interface ConnectAttempt {
  /** When it was accepted: milliseconds on the clock of `performance.now()`. */
  readonly at: number;
}

/** What happens to a connection that arrives now. */
type Welcome = 'forward' | 'hold' | 'reset';

/**
 * A TCP proxy to put before your own database or service in a test, and then delay, throttle, silence, cut or
 * refuse.
 *
 * Each fault can be set at any time. `delay` and `throttle` act on open and new connections;
 * `silent('existing')`, `cut` and `halfOpen` only on open ones; `refuse` and `deaf` only on new ones;
 * `silent()` on both. Faults add up, and `restore()` lifts them all. Without a fault bytes, FIN and RST pass
 * as they come; if the target can't be reached, the client, already connected to the proxy, is reset.
 *
 * In each direction of each connection at most about 1 MiB waits in the proxy; then it stops reading. The
 * timers are the real ones, even under a test runner's fake timers.
 *
 * @example
 * ```ts
 * import { createServer, connect } from 'node:net';
 * import { once } from 'node:events';
 * import { FaultProxy } from 'openline/testing';
 *
 * const server = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
 * await once(server, 'listening');
 * const { port } = server.address() as { port: number };
 *
 * const proxy = await FaultProxy.start({ target: { port } });
 * const client = connect(proxy.port, proxy.host);
 * proxy.delay(25); // A round trip now takes 50 ms.
 * client.write('hello');
 * console.log(String((await once(client, 'data'))[0])); // hello
 *
 * proxy.cut('end'); // As if the server's process had exited.
 * await once(client, 'close');
 *
 * proxy.refuse();
 * const late = connect(proxy.port, proxy.host);
 * console.log((await once(late, 'error'))[0].code); // ECONNREFUSED
 *
 * await proxy.close();
 * server.close();
 * ```
 */
export class FaultProxy implements AsyncDisposable {
  /** The address that clients connect to. */
  readonly host: string;
  readonly #target: LinkTarget;
  readonly #listener: ProxyListener;
  readonly #conditions: LineConditions = { delayMs: 0, bytesPerSecond: Infinity };
  readonly #links: Set<Link> = new Set();
  #welcome: Welcome = 'forward';
  #attempts: ConnectAttempt[] = [];
  #closed = false;

  private constructor(options: FaultProxyOptions) {
    this.host = options.host ?? '127.0.0.1';
    this.#target = { host: options.target.host ?? '127.0.0.1', port: options.target.port };
    this.#listener = new ProxyListener(this.host, options.port ?? 0, (socket) => this.#receive(socket));
  }

  /**
   * Starts a proxy that forwards cleanly; the target is connected to only when a client connects.
   *
   * @throws RangeError for an impossible port or host; the system's own error (`EADDRINUSE` after a second of
   * trying, `EACCES`, `EADDRNOTAVAIL`) when it can't listen.
   */
  static async start(options: FaultProxyOptions): Promise<FaultProxy> {
    validate(options);
    const proxy = new FaultProxy(options);
    await proxy.#listener.open();
    return proxy;
  }

  /** The port that clients connect to; the same for the proxy's whole life. */
  get port(): number {
    return this.#listener.port;
  }

  /** Connections open now. One counts until both its sides are closed, or until it is cut. */
  get connections(): number {
    let count = 0;
    for (const link of this.#links) if (link.isOpen) count += 1;
    return count;
  }

  /**
   * Connections accepted since the start or the last {@link resetCounts}, those reset by `refuse('reset')`
   * included.
   */
  get accepted(): number {
    return this.#attempts.length;
  }

  /** The {@link accepted} connections in order, to measure the gaps between them. A copy. */
  get attempts(): readonly ConnectAttempt[] {
    return [...this.#attempts];
  }

  /**
   * Sets {@link accepted} to 0 and forgets the {@link attempts}; open connections still count in
   * {@link connections}.
   */
  resetCounts(): void {
    this.#attempts = [];
  }

  /**
   * Adds latency: everything, FIN and RST included, arrives `ms` later, in each direction, so that a round
   * trip takes `2 * ms`. What is under way is delayed too. Bytes sent one after the other travel together;
   * order is kept. The TCP handshake with the proxy isn't delayed. Precise to a timer's 1–2 ms, never early.
   * Since at most 1 MiB is under way in a direction, a latency of 10 ms lets no more than about 100 MiB/s
   * through, one of 100 ms no more than 10.
   *
   * @param ms - One-way latency in milliseconds, 0 or more, finite; 0 removes it.
   * @throws RangeError for anything else.
   */
  delay(ms: number): void {
    if (!(ms >= 0 && ms < Infinity))
      throw new RangeError(`delay: ms is ${ms}; it must be 0 or more, and finite`);
    this.#conditions.delayMs = ms;
    for (const link of this.#links) link.refresh();
  }

  /**
   * Limits the rate of each direction of each connection; bytes come in a steady trickle.
   *
   * @param bytesPerSecond - More than 0; `Infinity` removes the limit. To stop everything use {@link silent}.
   * @throws RangeError for anything else.
   */
  throttle(bytesPerSecond: number): void {
    if (!(bytesPerSecond > 0)) {
      throw new RangeError(
        `throttle: bytesPerSecond is ${bytesPerSecond}; it must be more than 0 (silent() stops all)`,
      );
    }
    this.#conditions.bytesPerSecond = bytesPerSecond;
    for (const link of this.#links) link.refresh();
  }

  /**
   * The network goes dark: on every open connection neither bytes nor FIN nor RST pass, in either direction.
   * The proxy stops reading, so that a sender's writes succeed until its kernel's buffers are full, as they
   * would. With `'all'` new connections are accepted (a refusing proxy listens again) and then hear nothing;
   * the target never sees them.
   *
   * Nothing is lost: TCP sends again what a dark network dropped, and so {@link restore} delivers what was
   * held, and connects what was waiting. A client that gives up meanwhile isn't noticed until then, and
   * counts in {@link connections}. For a line that never recovers, follow with {@link halfOpen} or
   * {@link cut}.
   *
   * @param scope - `'all'` (default), or `'existing'` to leave new connections as they are.
   * @throws Error when the proxy is closed.
   */
  silent(scope: 'all' | 'existing' = 'all'): void {
    this.#assertRunning();
    for (const link of this.#links) link.hold();
    if (scope === 'all') this.deaf();
  }

  /**
   * New connections are refused; open ones go on. Followed by `cut()`, this is a server that has been killed.
   *
   * @param how - `'close'` (default): nothing listens, and clients see `ECONNREFUSED`; nobody can count them.
   * `'reset'`: each is accepted, counted in {@link accepted}, and reset, so that clients see `ECONNRESET`.
   * @throws Error when the proxy is closed.
   */
  refuse(how: 'close' | 'reset' = 'close'): void {
    this.#assertRunning();
    this.#welcome = 'reset';
    if (how === 'close') void this.#listener.close();
    else this.#listen();
  }

  /**
   * New connections are accepted, and then nobody reads or answers: a server that hangs. Open ones go on; a
   * refusing proxy listens again. {@link restore} serves whoever still waits.
   *
   * @throws Error when the proxy is closed.
   */
  deaf(): void {
    this.#assertRunning();
    this.#welcome = 'hold';
    this.#listen();
  }

  /**
   * Ends every open connection on both sides now; what is on its way is lost, and {@link connections} is 0 at
   * once. New connections are treated as before.
   *
   * @param mode - `'reset'` (default): RST, as from a crash or a firewall; clients see `ECONNRESET`. `'end'`:
   * FIN, as from a process that exits; a peer that hasn't closed its own side after a second is destroyed.
   */
  cut(mode: 'reset' | 'end' = 'reset'): void {
    for (const link of this.#links) link.cut(mode);
  }

  /**
   * The server side of every open connection dies without a word, as behind a rebooted host or a NAT that
   * forgot: the target sees its connections close, the clients' stay open, and whatever they send goes
   * unanswered. New connections are treated as before. After {@link restore} such a client is reset as soon
   * as it says something, or at once if it already has; one that keeps quiet never hears. Connections that
   * wait behind {@link deaf} or {@link silent} have no server side yet, and go on waiting.
   */
  halfOpen(): void {
    for (const link of this.#links) link.orphan();
  }

  /**
   * Lifts every fault, `delay` and `throttle` included: held bytes are delivered, waiting connections served.
   * All that happens before it returns; its promise is there for a listener that was closed by `refuse()`.
   *
   * @returns Resolves when the proxy listens on its port (again).
   * @throws Error when the proxy is closed; the system's `EADDRINUSE` when another has taken the port and
   * keeps it for a second.
   */
  async restore(): Promise<void> {
    this.#assertRunning();
    this.#conditions.delayMs = 0;
    this.#conditions.bytesPerSecond = Infinity;
    this.#welcome = 'forward';
    for (const link of this.#links) link.release();
    await this.#listener.open();
  }

  /**
   * Closes the listener and every connection, and resolves when nothing is left running. May be called again.
   */
  async close(): Promise<void> {
    this.#closed = true;
    for (const link of this.#links) link.destroy();
    await Promise.all([this.#listener.close(), ...Array.from(this.#links, (link) => link.closed)]);
  }

  /** {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * A lost port is no news that can be told here: whoever needs it calls restore(), which tries again and
   * says so.
   */
  #listen(): void {
    this.#listener.open().catch(() => {});
  }

  #receive(client: Socket): void {
    this.#attempts.push({ at: now() });
    if (this.#welcome === 'reset') {
      client.on('error', () => {});
      resetSocket(client);
      return;
    }
    const link = new Link(client, this.#target, this.#conditions, this.#welcome === 'hold');
    this.#links.add(link);
    void link.closed.then(() => this.#links.delete(link));
  }

  #assertRunning(): void {
    if (this.#closed) throw new Error('This fault proxy is closed; start another with FaultProxy.start()');
  }
}

function validate({ target, host, port }: FaultProxyOptions): void {
  const faults: string[] = [];
  if (!isPort(target.port, 1))
    faults.push(`target.port is ${target.port}; it must be a whole number from 1 to 65535`);
  if (target.host === '') faults.push('target.host is empty; it must be a host name or an address');
  if (host === '') faults.push('host is empty; it must be a host name or an address');
  if (port !== undefined && !isPort(port, 0)) {
    faults.push(`port is ${port}; it must be a whole number from 0 to 65535, where 0 chooses one`);
  }
  if (faults.length > 0) throw new RangeError(`FaultProxy.start: ${faults.join('; ')}`);
}

function isPort(value: number, lowest: number): boolean {
  return Number.isInteger(value) && value >= lowest && value <= 65_535;
}
