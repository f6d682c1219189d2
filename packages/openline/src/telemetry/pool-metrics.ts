// The pools that are measured, and their figures when somebody asks: nothing is done between.

import { type MetricReading, Sheet } from './sheet.ts';
import { readPool, type WatchedPool, type WatchOptions } from './watched.ts';

interface Watch {
  readonly pool: WatchedPool;
  readonly options: WatchOptions;
  /** What was last read, by origin or pool. */
  sheets: ReadonlyMap<string, Sheet>;
}

/**
 * The figures of any number of pools, under the names of OpenTelemetry's semantic conventions. They are read from the pools when they are
 * collected; an acquire or a query costs nothing.
 *
 * @example
 * ```ts
 * import { createPool } from 'openline';
 * import { PoolMetrics } from 'openline/telemetry';
 *
 * const metrics = new PoolMetrics();
 * const pool = createPool({ open: async () => ({}) }, { name: 'orders' });
 * const watch = metrics.watch(pool);
 * console.log(metrics.read().map(({ name }) => name)); // db.client.connection.count and the others
 * watch[Symbol.dispose]();
 * ```
 */
export class PoolMetrics {
  readonly #watches = new Set<Watch>();
  /** What was read of pools and origins that are there no more, in series that others go on with. */
  #left = new Sheet();
  /** When the first pool was watched, in milliseconds since the epoch. */
  #sinceMs = 0;

  /**
   * Measures a pool until the result is disposed of. Pools with the same name and attributes are added up.
   *
   * @throws TypeError when it is no pool.
   */
  watch(pool: WatchedPool, options: WatchOptions = {}): Disposable {
    if (typeof (pool as WatchedPool | undefined)?.stats !== 'function')
      throw new TypeError('watch() takes a pool: one of createPool, of openline/pg, or an HttpPool');
    const watch: Watch = { pool, options, sheets: new Map() };
    if (this.#sinceMs === 0) this.#sinceMs = Date.now();
    this.#watches.add(watch);
    return {
      [Symbol.dispose]: () => {
        this.#watches.delete(watch);
        this.#keep(watch, new Map());
      },
    };
  }

  /** When the first pool was watched, in milliseconds since the epoch; 0: none was yet. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** Every metric that has values, now. */
  read(): MetricReading[] {
    const sheet = new Sheet();
    for (const watch of this.#watches) {
      this.#keep(watch, readPool(watch.pool, watch.options));
      for (const read of watch.sheets.values()) sheet.addAll(read);
    }
    this.#left = sheet.addLeft(this.#left);
    return sheet.readings();
  }

  /** Keeps what was read, and the totals of what was there before and is no more. */
  #keep(watch: Watch, sheets: ReadonlyMap<string, Sheet>): void {
    for (const [name, before] of watch.sheets)
      if (sheets.get(name)?.isBehind(before) !== false) this.#left.addAll(before);
    watch.sheets = sheets;
  }
}
