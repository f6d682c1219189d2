// Each request opens connections of its own, and closes them.
import pg, { type ClientConfig } from 'pg';
import { Client as HttpClient } from 'undici';
import type { PerParty, PriceAddress } from './calls.ts';
import { markHandshake } from './database-marks.ts';
import { httpsConnector } from './https-connector.ts';
import type { Neighbours } from './neighbours.ts';
import type { Stopwatch } from './stopwatch.ts';

/** What a service does that knows no pool. */
export class PerRequest implements Neighbours {
  readonly #database: ClientConfig;
  readonly #prices: PriceAddress;
  readonly #opened = { database: 0, prices: 0 };

  constructor(database: ClientConfig, prices: PriceAddress) {
    this.#database = database;
    this.#prices = prices;
  }

  async rows<Row extends object>(text: string, values: unknown[], watch: Stopwatch): Promise<Row[]> {
    const client = new pg.Client({ ...this.#database, connectionTimeoutMillis: 10_000 });
    client.on('error', () => undefined);
    markHandshake(client, (name) => watch.phase(`database.${name}`));
    this.#opened.database += 1;
    try {
      await client.connect();
      watch.phase('database.query');
      return (await client.query<Row>(text, values)).rows;
    } finally {
      watch.phase('database.close');
      await client.end();
    }
  }

  async prices(path: string, watch: Stopwatch): Promise<unknown> {
    watch.phase('prices.dns');
    const connect = httpsConnector(this.#prices.ca, (name) => watch.phase(`prices.${name}`));
    const client = new HttpClient(this.#prices.origin, { connect });
    this.#opened.prices += 1;
    try {
      const { body } = await client.request({ path, method: 'GET' });
      return await body.json();
    } finally {
      watch.phase('prices.close');
      await client.close();
    }
  }

  opened(): PerParty<number> {
    return { ...this.#opened };
  }

  pools(): undefined {
    return undefined;
  }

  async close(): Promise<void> {}
}
