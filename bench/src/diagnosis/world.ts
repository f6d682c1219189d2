// A service of the mind: a pool of the real engine, a server, and callers; all on a clock that runs ahead.

import { createPool, type Lease, type Pool } from 'openline';
import { type Diagnosis, PoolWatch } from 'openline/insight';
import { Chance } from './random.ts';
import { type Link, Server } from './server.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface WorldOptions {
  /** The share of the pool that the usual load keeps busy. */
  readonly load: number;
  readonly max?: number;
  readonly maxUses?: number;
  readonly connectMs?: number;
}

/** What the callers do; a planted cause changes it. */
export interface Habits {
  /** Callers a second. */
  rate: number;
  /** The server's time for each of them. */
  serverMs: number;
  /** The callers' own time while they hold a connection. */
  ownMs: number;
  /** The shares of callers that never give back, throw their connection away, or acquire a second one. */
  leakShare: number;
  discardShare: number;
  nestedShare: number;
  /** Queries that wait for a lock: their share, and how long. */
  lockShare: number;
  lockMs: number;
}

/** One run. */
export class World {
  readonly clock: VirtualClock = new VirtualClock();
  readonly chance: Chance;
  readonly server: Server;
  readonly pool: Pool<Link>;
  readonly habits: Habits;
  readonly leaks: Lease<Link>[] = [];
  /** At this many leaks it ends: by default when all are gone. */
  mostLeaks: number;
  watch: PoolWatch | undefined;
  #ended = false;

  constructor(seed: number, options: (chance: Chance) => WorldOptions) {
    this.chance = new Chance(seed);
    const { chance, clock } = this;
    const given = options(chance);
    const { load, max = chance.whole(4, 20), maxUses = Number.POSITIVE_INFINITY } = given;
    this.server = new Server(clock, chance, given.connectMs ?? chance.between(3, 60));
    this.pool = createPool(this.server, {
      name: 'planted',
      clock,
      max,
      maxUses,
      acquireTimeoutMs: chance.of([1_000, 2_000, 3_000, 5_000]),
      connectTimeoutMs: chance.of([2_000, 5_000]),
    });
    const rate = chance.between(25, 120);
    const heldMs = (load * max * 1_000) / rate;
    const serverPart = chance.between(0.6, 1);
    this.mostLeaks = max;
    this.habits = {
      rate,
      serverMs: heldMs * serverPart,
      ownMs: heldMs * (1 - serverPart),
      leakShare: 0,
      discardShare: 0,
      nestedShare: 0,
      lockShare: 0,
      lockMs: 0,
    };
  }

  get heldMs(): number {
    return this.habits.serverMs + this.habits.ownMs;
  }

  /** Lets the usual callers come, each at its own time, however late the process is. */
  start(): void {
    const { clock, chance } = this;
    let next = clock.now();
    const come = (): void => {
      if (this.#ended) return;
      while (next <= clock.now()) {
        next += chance.exponential(1_000 / Math.max(this.habits.rate, 0.001));
        void this.call();
      }
      clock.setTimer(come, next - clock.now());
    };
    come();
  }

  startWatch(): void {
    this.watch = new PoolWatch(this.pool, this.clock);
  }

  /** So many callers, each of which comes again as soon as it was served. */
  startLoops(callers: number, pauseMs: number): void {
    for (let caller = 0; caller < callers; caller++) {
      void (async () => {
        while (!this.#ended) {
          await this.call();
          await this.clock.sleep(this.chance.exponential(pauseMs));
        }
      })();
    }
  }

  /** Does something again and again until the run ends. */
  every(ms: () => number, what: () => void): void {
    const again = (): void => {
      if (this.#ended) return;
      what();
      this.clock.setTimer(again, ms());
    };
    this.clock.setTimer(again, ms());
  }

  burst(callers: number): void {
    for (let caller = 0; caller < callers; caller++) void this.call();
  }

  async call(): Promise<void> {
    const { chance, habits } = this;
    const leaks = chance.next() < habits.leakShare && this.leaks.length < this.mostLeaks;
    const discards = chance.next() < habits.discardShare;
    const nests = chance.next() < habits.nestedShare;
    let lease: Lease<Link>;
    try {
      lease = await this.pool.acquire();
    } catch {
      return;
    }
    await this.#serve(lease);
    if (nests) {
      try {
        const second = await this.pool.acquire();
        await this.#serve(second);
        this.#end(second, false);
      } catch {
        // It gives up with both.
      }
    }
    if (leaks && !lease.ended) this.leaks.push(lease);
    else this.#end(lease, discards);
  }

  /** Holds a connection for a while, as a report does. */
  async longJob(ms: number, working: boolean): Promise<void> {
    const lease = await this.pool.acquire();
    lease.connection.working = working;
    await this.clock.sleep(ms);
    if (!lease.ended) lease.connection.working = false;
    this.#end(lease, false);
  }

  async #serve(lease: Lease<Link>): Promise<void> {
    const { chance, habits, clock } = this;
    if (lease.ended) return;
    const link = lease.connection;
    link.working = true;
    const lockMs = chance.next() < habits.lockShare ? chance.skewed(habits.lockMs, 0.3) : 0;
    await clock.sleep(chance.skewed(habits.serverMs) + lockMs);
    // A silent server answers nothing: the read timeout ends it.
    if (this.server.door === 'silent') await clock.sleep(3_000);
    link.working = false;
    if (habits.ownMs > 0.1) await clock.sleep(chance.skewed(habits.ownMs));
  }

  #end(lease: Lease<Link>, discards: boolean): void {
    if (lease.ended) return;
    if (discards || this.server.door === 'silent' || !this.server.isLive(lease.connection))
      lease.discard('dead');
    else lease.release();
  }

  /** Asks for the diagnosis and ends the run. */
  async end(): Promise<Diagnosis> {
    const diagnosis = this.watch!.diagnose();
    this.#ended = true;
    this.watch!.stop();
    const closing = this.pool.close({ timeoutMs: 0 });
    await this.clock.advance(6_000);
    await closing;
    return diagnosis;
  }
}
