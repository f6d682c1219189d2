// Requests share connections that stay open.
import { Pool } from 'openline/pg';
import type { ClientConfig } from 'pg';
import { Pool as HttpPool } from 'undici';
import type { PriceAddress } from './calls.ts';
import { httpsConnector } from './https-connector.ts';
import type { Neighbours } from './neighbours.ts';
import { type PoolView, viewPool } from './pool-view.ts';
import type { Stopwatch } from './stopwatch.ts';

/** The same service on pools: openline/pg for the database, undici's for the price service. */
export class Pooled implements Neighbours {
  readonly #pool: Pool;
  readonly #http: HttpPool;
  #opened = 0;

  constructor(database: ClientConfig, prices: PriceAddress, max: number) {
    this.#pool = new Pool({ ...database, name: 'orders', max });
    const connect = httpsConnector(prices.ca, () => {
      this.#opened += 1;
    });
    this.#http = new HttpPool(prices.origin, { connect, connections: max });
  }

  async rows<Row extends object>(text: string, values: unknown[], watch: Stopwatch): Promise<Row[]> {
    watch.phase('database.query');
    return (await this.#pool.query<Row>(text, values)).rows;
  }

  async prices(path: string, watch: Stopwatch): Promise<unknown> {
    watch.phase('prices.call');
    const { body } = await this.#http.request({ path, method: 'GET' });
    return await body.json();
  }

  opened(): { database: number; prices: number } {
    return { database: this.#pool.stats().totals.opened, prices: this.#opened };
  }

  waitedMs(): number {
    return this.#pool.stats().times.wait.sumMs;
  }

  view(): PoolView {
    return viewPool(this.#pool);
  }

  async close(): Promise<void> {
    await Promise.all([this.#pool.end(), this.#http.close()]);
  }
}
