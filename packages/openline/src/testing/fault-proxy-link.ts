// One proxied connection: the client's socket, the upstream socket behind it, and the lane in each direction.
import { connect, type Socket } from 'node:net';
import { clearTimeout, setTimeout } from 'node:timers';
import { Lane, type LineConditions } from './fault-proxy-lane.ts';
import { resetSocket } from './fault-proxy-reset.ts';

/** Where a link leads. */
export interface LinkTarget {
  readonly host: string;
  readonly port: number;
}

/** How long a peer may take to answer a FIN of {@link Link.cut} before its socket is destroyed. */
const LINGER_MS = 1000;

/** Owns both sockets of a proxied connection until both are closed. */
export class Link {
  /** Resolves when both sockets are closed. */
  readonly closed: Promise<void>;
  readonly #client: Socket;
  readonly #target: LinkTarget;
  readonly #conditions: LineConditions;
  readonly #resolveClosed: () => void;
  #upstream: Socket | undefined;
  #lanes: { readonly toUpstream: Lane; readonly toClient: Lane } | undefined;
  #openSockets = 0;
  #held: boolean;
  #cut = false;
  #orphaned = false;
  #linger: NodeJS.Timeout | undefined;

  /** `client` comes paused. A held link is not even connected upstream before its release. */
  constructor(client: Socket, target: LinkTarget, conditions: LineConditions, held: boolean) {
    let resolveClosed = (): void => {};
    this.closed = new Promise((resolve) => {
      resolveClosed = resolve;
    });
    this.#resolveClosed = resolveClosed;
    this.#client = client;
    this.#target = target;
    this.#conditions = conditions;
    this.#held = held;
    this.#own(client);
    if (!held) this.#dial();
  }

  /** False from the moment it is cut, even while its sockets are still closing. */
  get isOpen(): boolean {
    return !this.#cut;
  }

  /** The line goes dark: neither bytes nor FIN nor RST pass. */
  hold(): void {
    this.#held = true;
    this.#lanes?.toUpstream.hold();
    this.#lanes?.toClient.hold();
  }

  /**
   * The line is back, and what was held arrives. A client without its upstream is reset as soon as it speaks.
   */
  release(): void {
    this.#held = false;
    if (this.#upstream === undefined) this.#dial();
    this.#lanes?.toUpstream.release();
    this.#lanes?.toClient.release();
  }

  /** The conditions of the line have changed. */
  refresh(): void {
    this.#lanes?.toUpstream.pump();
    this.#lanes?.toClient.pump();
  }

  /** The upstream side dies, and the client isn't told. A link not yet connected upstream is left alone. */
  orphan(): void {
    if (this.#upstream === undefined || this.#cut) return;
    this.#orphaned = true;
    this.#lanes?.toClient.stop();
    this.#upstream.destroy();
    this.hold();
  }

  /** Ends both sides now, with RST or with FIN; what is on its way is lost. */
  cut(mode: 'reset' | 'end'): void {
    if (this.#cut) return;
    this.#cut = true;
    this.#lanes?.toUpstream.stop();
    this.#lanes?.toClient.stop();
    for (const socket of this.#sockets()) {
      if (mode === 'reset') resetSocket(socket);
      else if (socket.connecting) socket.destroy();
      else socket.end().resume(); // Reads on, so as to see the peer's own FIN.
    }
    if (mode === 'end') this.#linger = setTimeout(() => this.destroy(), LINGER_MS);
  }

  /** Closes both sockets at once, however the system does it. */
  destroy(): void {
    this.#cut = true;
    for (const socket of this.#sockets()) socket.destroy();
  }

  #sockets(): Socket[] {
    return this.#upstream === undefined ? [this.#client] : [this.#client, this.#upstream];
  }

  #own(socket: Socket): void {
    this.#openSockets += 1;
    // Its consequence, a reset of the other side, is the lane's business; without a lane there is no other
    // side.
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#openSockets -= 1;
      if (this.#openSockets === 0) this.#closed();
    });
  }

  #dial(): void {
    if (this.#client.destroyed || this.#cut) return;
    const client = this.#client;
    const upstream = connect({ ...this.#target, allowHalfOpen: true, noDelay: true });
    this.#upstream = upstream;
    this.#own(upstream);
    this.#lanes = {
      toUpstream: new Lane(client, upstream, this.#conditions, this.#held, () => this.#answerForDeadHost()),
      toClient: new Lane(upstream, client, this.#conditions, this.#held, () => {}),
    };
  }

  /** A host that has forgotten a connection answers whatever comes on it with RST. */
  #answerForDeadHost(): void {
    if (this.#orphaned) resetSocket(this.#client);
  }

  #closed(): void {
    clearTimeout(this.#linger);
    this.#cut = true;
    this.#lanes?.toUpstream.stop();
    this.#lanes?.toClient.stop();
    this.#resolveClosed();
  }
}
