// The pools that are measured, and their figures when somebody asks: nothing is done between.

import { type MetricReading, Sheet } from './sheet.ts';
import { readPool, type WatchedPool, type WatchOptions } from './watched.ts';

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
  readonly #watches = new Set<{ readonly pool: WatchedPool; readonly options: WatchOptions }>();
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
    const watch = { pool, options };
    if (this.#sinceMs === 0) this.#sinceMs = Date.now();
    this.#watches.add(watch);
    return { [Symbol.dispose]: () => void this.#watches.delete(watch) };
  }

  /** When the first pool was watched, in milliseconds since the epoch; 0: none was yet. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** Every metric that has values, now. */
  read(): MetricReading[] {
    const sheet = new Sheet();
    for (const { pool, options } of this.#watches) readPool(pool, options, sheet);
    return sheet.readings();
  }
}
