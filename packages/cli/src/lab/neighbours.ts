// How the orders service reaches its database and the price service: the one thing in which the two services differ.
import type { PerParty } from './calls.ts';
import type { PoolViews } from './pool-view.ts';
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
  opened(): PerParty<number>;
  /** The pools, where there are any. */
  pools(): PoolViews | undefined;
  close(): Promise<void>;
}
