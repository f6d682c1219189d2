// The service that is broken: customers, a pool, and somebody who watches it.
import { type Diagnosis, PoolWatch } from 'openline/insight';
import { Pool } from 'openline/pg';
import type { ClientConfig } from 'pg';
import { showBasket } from './customers.ts';
import { Traffic } from './traffic.ts';

/** As it is when nothing is wrong: about one connection in seven is leased. */
export const usual: ShopSettings = { max: 8, perSecond: 40, answerMs: 30 };

/** How a shop works. */
export interface ShopSettings {
  /** The most connections of its pool. */
  readonly max: number;
  /** Customers a second. */
  readonly perSecond: number;
  /** How long the database takes for one of them, on the average, in milliseconds. */
  readonly answerMs: number;
}

/** Shorter than anybody's patience, so that each fault shows within seconds. */
const limits = {
  acquireTimeoutMs: 3_000,
  connectTimeoutMs: 1_500,
  readTimeoutMs: 1_000,
  leakThresholdMs: 5_000,
} as const;

/** A shop that is open until {@link close}; for the dashboard, a group of the one pool that it has now. */
export class Shop {
  /** The name with which the pool's name begins. */
  readonly name = 'shop';
  readonly traffic: Traffic;
  /** See {@link ShopSettings.answerMs}. */
  answerMs: number = usual.answerMs;
  readonly #database: ClientConfig;
  #pool: Pool;
  #watch: PoolWatch;
  #ending: Promise<unknown> = Promise.resolve();

  constructor(database: ClientConfig) {
    this.#database = database;
    [this.#pool, this.#watch] = this.#open(usual.max);
    this.traffic = new Traffic(usual.perSecond, () => showBasket(this.#pool, this.answerMs));
  }

  get pool(): Pool {
    return this.#pool;
  }

  pools(): readonly Pool[] {
    return [this.#pool];
  }

  /** What is wrong with its pool now. */
  diagnose(): Diagnosis {
    return this.#watch.diagnose();
  }

  /** Starts afresh, as after a deployment: with a new pool, which remembers nothing. */
  reopen({ max, perSecond, answerMs }: ShopSettings): void {
    this.traffic.perSecond = perSecond;
    this.answerMs = answerMs;
    this.#endPool();
    [this.#pool, this.#watch] = this.#open(max);
  }

  async close(): Promise<void> {
    this.traffic.stop();
    this.#endPool();
    await this.#ending;
  }

  #open(max: number): [Pool, PoolWatch] {
    const pool = new Pool({ ...this.#database, ...limits, name: `${this.name} database`, max });
    return [pool, new PoolWatch(pool)];
  }

  #endPool(): void {
    this.#watch.stop();
    // Customers of before are not waited for.
    const ended = this.#pool.end({ timeoutMs: 0 }).catch(() => undefined);
    this.#ending = Promise.all([this.#ending, ended]);
  }
}
