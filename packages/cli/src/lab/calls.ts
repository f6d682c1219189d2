// What the lab's processes can be asked by the process that started them, and what they answer: JSON only.
import type { ClientConfig } from 'pg';

/** How the orders service reaches its database and its neighbour. */
export type Mode = 'perRequest' | 'pooled';

/** Something of each of the two that the orders service talks to. */
export interface PerParty<T> {
  readonly database: T;
  readonly prices: T;
}

/** How to reach the price service. */
export interface PriceAddress {
  readonly origin: string;
  /** PEM of the authority to trust. */
  readonly ca: string;
}

/** What the price service can be asked. */
export interface PriceCalls {
  /** Listens on the loopback address; answers with the port. */
  start(certificate: { readonly cert: string; readonly key: string }): Promise<number>;
}

/** What the orders service needs to know. */
export interface OrdersPlan {
  readonly mode: Mode;
  readonly database: ClientConfig;
  readonly prices: PriceAddress;
  /** The most connections to each of the two, when pooled. */
  readonly max: number;
  /** TCP port; 0: any free one. */
  readonly port: number;
}

/** What the orders service has counted since it was started. */
export interface OrdersCounters {
  /** Processor time of the service's process, in milliseconds. */
  readonly cpuMs: number;
  /** Connections opened. */
  readonly opened: PerParty<number>;
  /** Time spent in each phase, all requests together, in milliseconds; `total` is the time of whole requests. */
  readonly phasesMs: Readonly<Record<string, number>>;
  /** What opening one connection of a pool took, phase by phase; empty without a pool. Milliseconds, mean. */
  readonly connectMs: PerParty<Readonly<Record<string, number>>>;
}

/** What the orders service can be asked. */
export interface OrdersCalls {
  /** Listens on the loopback address; answers with the port. */
  start(plan: OrdersPlan): Promise<number>;
  counters(): OrdersCounters;
  /** From now on its page leads to the playground, which is there. */
  showPlayground(origin: string): void;
}

/** What the playground can be asked. */
export interface PlaygroundCalls {
  /** Starts a database of its own and a service on it, and listens on the loopback address; answers with the port. */
  start(plan: { readonly port: number }): Promise<number>;
}

/** What load to put on a service. */
export interface LoadPlan {
  readonly origin: string;
  readonly callers: number;
  readonly seconds: number;
}

/** What a load has come to so far. */
export interface LoadProgress {
  readonly answered: number;
  readonly failed: number;
}

/** What a load came to. Failed requests are in no figure but their own. */
export interface LoadResult extends LoadProgress {
  /** From the first request to the last answer, in seconds. */
  readonly seconds: number;
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** What the first failed request said. */
  readonly firstFailure: string | undefined;
}

/** What the load generator can be asked. */
export interface LoadCalls {
  /** Puts load on a service and answers when it is over. */
  run(plan: LoadPlan): Promise<LoadResult>;
  /** What the load under way has come to. */
  progress(): LoadProgress;
  /** Puts light load on a service until the process ends. */
  trickle(plan: { readonly origin: string }): void;
}
