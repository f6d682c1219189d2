// A server of the mind: connections to it take time to open, it answers in its time, and it can be gone, full or silent.

import type { Connector, OpenContext } from 'openline';
import type { Chance } from './random.ts';
import type { VirtualClock } from './virtual-clock.ts';

export interface Link {
  readonly id: number;
  working: boolean;
}

export type Door = 'open' | 'refused' | 'silent' | 'unknown name';

const phases = { dns: 0.1, tcp: 0.2, tls: 0.3, authentication: 0.4 };

/** A server, and the way to it. */
export class Server implements Connector<Link> {
  /** What an open takes on the average. */
  connectMs: number;
  /** Added to one phase. */
  slowPhase: { readonly name: keyof typeof phases; readonly ms: number } | undefined;
  door: Door = 'open';
  /** Connections that it has room for. */
  room: number = Number.POSITIVE_INFINITY;
  readonly #clock: VirtualClock;
  readonly #chance: Chance;
  readonly #links: Set<Link> = new Set();
  readonly #lost: Map<Link, (error: unknown) => boolean> = new Map();
  #ids = 0;

  constructor(clock: VirtualClock, chance: Chance, connectMs: number) {
    this.#clock = clock;
    this.#chance = chance;
    this.connectMs = connectMs;
  }

  async open(context: OpenContext): Promise<Link> {
    context.address('10.0.0.5:5432');
    for (const [name, share] of Object.entries(phases)) {
      context.phase(name);
      const extra = this.slowPhase?.name === name ? this.#chance.skewed(this.slowPhase.ms, 0.2) : 0;
      await this.#clock.sleep(this.#chance.skewed(this.connectMs * share, 0.3) + extra);
      if (this.door === 'unknown name' && name === 'dns')
        throw coded('ENOTFOUND', 'getaddrinfo ENOTFOUND db');
      if (name !== 'tcp') continue;
      if (this.door === 'refused') throw coded('ECONNREFUSED', 'connect ECONNREFUSED 10.0.0.5:5432');
      if (this.door === 'silent') await new Promise(() => undefined);
    }
    if (this.#links.size >= this.room) throw coded('53300', 'sorry, too many clients already');
    const link: Link = { id: ++this.#ids, working: false };
    this.#links.add(link);
    return link;
  }

  async close(link: Link): Promise<void> {
    this.#links.delete(link);
    this.#lost.delete(link);
  }

  onLost(link: Link, lost: (error: unknown) => boolean): void {
    this.#lost.set(link, lost);
  }

  isFull(error: unknown): boolean {
    return (error as { code?: string }).code === '53300';
  }

  isWorking(link: Link): boolean {
    return link.working;
  }

  isLive(link: Link): boolean {
    return this.#links.has(link);
  }

  /** Every connection dies. */
  cutAll(): void {
    for (const link of [...this.#links]) {
      const lost = this.#lost.get(link);
      this.#links.delete(link);
      this.#lost.delete(link);
      lost?.(coded('ECONNRESET', 'read ECONNRESET'));
    }
  }
}

function coded(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
