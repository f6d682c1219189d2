// A service with a pool of openline/pg on a real server, and its callers.

import { AsyncResource } from 'node:async_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { AcquireTimeoutError } from 'openline';
import { PoolWatch } from 'openline/insight';
import { Pool } from 'openline/pg';
import { FaultProxy } from 'openline/testing';
import type { PoolClient } from 'pg';
import { Chance } from '../random.ts';
import type { Places } from './places.ts';
import { ServerSide } from './server-side.ts';
import type { Settings } from './settings.ts';

/** What the callers do; a planted cause changes it. */
export interface Habits {
  /** Callers a second. */
  rate: number;
  /** Callers a second, besides, that read one row by its key. */
  reads: number;
  /** The server's time for each of them. */
  serverMs: number;
  /** The callers' own time while they hold a connection. */
  ownMs: number;
  /** The shares of callers that never give back, throw their connection away, or acquire a second one. */
  leakShare: number;
  discardShare: number;
  nestedShare: number;
  /** Whether those that never give back have begun a transaction. */
  leaksInTransaction: boolean;
  /** The share of callers that change a row which others lock. */
  lockShare: number;
}

const sleepAtServer = 'select pg_sleep($1::float8 / 1000)';
const readRow = "select n from stock where run = 'all' and item = $1";

/** Each request to a server has an async context of its own. */
const asRequest = <T>(work: () => Promise<T>): Promise<T> =>
  new AsyncResource('REQUEST', { requireManualDestroy: true }).runInAsyncScope(work);

/** One run. */
export class Service {
  /** For what is planted: the same with each run of a seed. */
  readonly chance: Chance;
  /** For what happens in the course of time. */
  readonly traffic: Chance;
  readonly pool: Pool;
  readonly habits: Habits;
  readonly server: ServerSide;
  readonly leaked: PoolClient[] = [];
  /** At this many leaks it ends: by default when all are gone. */
  mostLeaks: number;
  /** The first error of an acquire that had waited for too long. */
  firstError: AcquireTimeoutError | undefined;
  readonly #gate: FaultProxy | undefined;
  #watch: PoolWatch | undefined;

  private constructor(
    seed: number,
    chance: Chance,
    settings: Settings,
    server: ServerSide,
    gate: FaultProxy | undefined,
  ) {
    this.chance = chance;
    this.traffic = new Chance(seed + 0.25);
    this.server = server;
    this.#gate = gate;
    const { load, max, heldMs, serverShare, reads } = settings;
    const { maxUses, acquireTimeoutMs, connectTimeoutMs, readTimeoutMs } = settings;
    const { host, port, database, ca } = server.place;
    this.pool = new Pool({
      ...{ host, database, ...server.login, port: gate?.port ?? port },
      ...(settings.tls && ca !== undefined ? { ssl: { ca } } : {}),
      ...{ max, maxUses, acquireTimeoutMs, connectTimeoutMs, readTimeoutMs },
    });
    this.pool.on('error', () => undefined);
    this.mostLeaks = max;
    this.habits = {
      rate: (load * max * 1_000) / heldMs,
      reads,
      serverMs: heldMs * serverShare,
      ownMs: heldMs * (1 - serverShare),
      leakShare: 0,
      discardShare: 0,
      nestedShare: 0,
      leaksInTransaction: false,
      lockShare: 0,
    };
  }

  static async open(seed: number, chance: Chance, settings: Settings, places: Places): Promise<Service> {
    const server = await ServerSide.open(seed, settings, places);
    const { port } = server.place;
    const gate =
      settings.gate || settings.distanceMs > 0 ? await FaultProxy.start({ target: { port } }) : undefined;
    gate?.delay(settings.distanceMs);
    return new Service(seed, chance, settings, server, gate);
  }

  get heldMs(): number {
    return this.habits.serverMs + this.habits.ownMs;
  }

  /** The way to the server. */
  get gate(): FaultProxy {
    if (this.#gate === undefined) throw new Error('this run has no gate: its settings ask for none');
    return this.#gate;
  }

  startWatch(): PoolWatch {
    this.#watch = new PoolWatch(this.pool);
    return this.#watch;
  }

  /** Lets the usual callers come, each at its own time, however late the process is. */
  start(): void {
    this.#come(
      () => this.habits.rate,
      () => this.call(),
    );
    this.#come(
      () => this.habits.reads,
      () => this.#read(),
    );
  }

  #come(rate: () => number, what: () => Promise<void>): void {
    let next = performance.now();
    const come = (): void => {
      while (next <= performance.now()) {
        next += this.traffic.exponential(1_000 / Math.max(rate(), 0.1));
        void what();
      }
      setTimeout(come, Math.min(next - performance.now(), 100));
    };
    come();
  }

  /** So many callers, each of which comes again as soon as it was served. */
  startLoops(callers: number, pauseMs: number): void {
    for (let caller = 0; caller < callers; caller++) {
      void (async () => {
        for (;;) {
          await this.call();
          await pause(this.traffic.exponential(pauseMs));
        }
      })();
    }
  }

  burst(callers: number): void {
    for (let caller = 0; caller < callers; caller++) void this.call();
  }

  call(): Promise<void> {
    return asRequest(() => this.#call());
  }

  async #call(): Promise<void> {
    const { traffic, habits } = this;
    const leaks = traffic.next() < habits.leakShare;
    const discards = traffic.next() < habits.discardShare;
    const nests = traffic.next() < habits.nestedShare;
    const client = await this.#connect();
    if (client === undefined) return;
    try {
      const begins = leaks && habits.leaksInTransaction;
      if (begins) await client.query('begin');
      await this.#serve(client);
      if (nests) await this.#callWithin();
      if (leaks && this.leaked.length < this.mostLeaks) {
        this.leaked.push(client);
        return;
      }
      if (begins) await client.query('commit');
    } catch {
      // The server said no, or nothing.
    }
    client.release(discards);
  }

  /** A second connection, while the caller holds its first. */
  async #callWithin(): Promise<void> {
    const second = await this.#connect();
    if (second === undefined) return;
    try {
      await this.#serve(second);
    } finally {
      second.release();
    }
  }

  async #connect(): Promise<PoolClient | undefined> {
    try {
      return await this.pool.connect();
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  #read(): Promise<void> {
    return asRequest(async () => {
      try {
        await this.pool.query(readRow, [this.traffic.whole(1, 1_000)]);
      } catch (error) {
        this.#failed(error);
      }
    });
  }

  /** Holds a connection for a while, as a report does. */
  async longJob(ms: number, atServer: boolean): Promise<void> {
    const client = await this.pool.connect();
    if (atServer) await client.query(sleepAtServer, [ms]);
    else await pause(ms);
    client.release();
  }

  async #serve(client: PoolClient): Promise<void> {
    const { traffic, habits, server } = this;
    if (traffic.next() < habits.lockShare) await client.query(server.changeLocked, [server.run]);
    await client.query(sleepAtServer, [traffic.skewed(habits.serverMs, 0.5)]);
    if (habits.ownMs > 0.5) await pause(traffic.skewed(habits.ownMs, 0.5));
  }

  #failed(error: unknown): void {
    if (error instanceof AcquireTimeoutError) this.firstError ??= error;
  }
}
