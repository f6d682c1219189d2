// Requests share connections that stay open.
import { HttpPool } from 'openline/http';
import { Pool } from 'openline/pg';
import type { ClientConfig } from 'pg';
import type { PerParty, PriceAddress } from './calls.ts';
import type { Neighbours } from './neighbours.ts';
import { type PoolView, type PoolViews, viewPool } from './pool-view.ts';
import type { Stopwatch } from './stopwatch.ts';

/** The same service on pools: openline/pg for the database, openline/http for the price service. */
export class Pooled implements Neighbours {
  readonly #pool: Pool;
  readonly #http: HttpPool;
  readonly #origin: string;

  constructor(database: ClientConfig, prices: PriceAddress, max: number) {
    this.#pool = new Pool({ ...database, name: 'orders', max });
    this.#http = new HttpPool({ name: 'prices', max, tls: { ca: prices.ca } });
    this.#origin = prices.origin;
  }

  async rows<Row extends object>(text: string, values: unknown[], watch: Stopwatch): Promise<Row[]> {
    watch.phase('database.query');
    return (await this.#pool.query<Row>(text, values)).rows;
  }

  async prices(path: string, watch: Stopwatch): Promise<unknown> {
    watch.phase('prices.call');
    const { body } = await this.#http.request({ origin: this.#origin, path, method: 'GET' });
    return await body.json();
  }

  opened(): PerParty<number> {
    const { database, prices } = this.pools();
    return { database: database.stats.totals.opened, prices: prices?.stats.totals.opened ?? 0 };
  }

  pools(): PoolViews {
    return { database: viewPool(this.#pool), prices: this.#viewHttp() };
  }

  /** The pool has one for each origin; the price service is the only one. */
  #viewHttp(): PoolView | undefined {
    const http = this.#http;
    const [stats] = http.stats().origins;
    if (stats === undefined) return undefined;
    return viewPool({
      stats: () => stats,
      connections: () => http.connections(),
      holders: () => http.holders(),
    });
  }

  async close(): Promise<void> {
    await Promise.all([this.#pool.end(), this.#http.close()]);
  }
}
