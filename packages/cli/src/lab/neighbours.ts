// How the orders service reaches its database and the price service: the one thing in which the two services differ.
import type { PoolView } from './pool-view.ts';
import type { Stopwatch } from './stopwatch.ts';

/** An order as the database has it. */
export interface Order {
  readonly id: number;
  readonly customer: string;
  readonly article: string;
  readonly quantity: number;
}

/** The connections of the orders service. Both calls tell the stopwatch what they wait for. */
export interface Neighbours {
  /** Runs a statement and resolves to its rows. */
  rows<Row extends object>(text: string, values: unknown[], watch: Stopwatch): Promise<Row[]>;
  /** Asks the price service; resolves to the body of its answer. */
  prices(path: string, watch: Stopwatch): Promise<unknown>;
  /** Connections opened so far. */
  opened(): { database: number; prices: number };
  /** Time that callers spent waiting for a database connection, in milliseconds; part of the phase `database.query`. */
  waitedMs(): number;
  /** The pool, where there is one. */
  view(): PoolView | undefined;
  close(): Promise<void>;
}
