// What a request under way needs of its origin.

import type { Clock, Lease, LeaseMode, Pool } from '../core/index.ts';
import type { HttpConnection } from './connection.ts';
import type { DueTimes } from './due-times.ts';
import type { HeadReader } from './response-head.ts';

/** What an exchange needs of its origin. */
export interface ExchangeHost {
  readonly name: string;
  readonly origin: string;
  readonly clock: Clock;
  readonly dueTimes: DueTimes;
  readonly heads: HeadReader;
  readonly engine: Pool<HttpConnection>;
  /** How a lease for the next request is to be had. */
  readonly mode: LeaseMode;
  readonly counters: ExchangeCounters;
  /** Leases that wait for the reader of a body. */
  readonly unread: Set<Lease<HttpConnection>>;
  /** A request has left, answered or not. */
  left(method: string): void;
  /** The head of a response asks for a pause. */
  retryAfter(status: number, value: string): void;
  /** How long an idle connection may be reused now, in milliseconds: less than when it came to rest, if more is known since. */
  reusableForMs(connection: HttpConnection): number;
  /** A connection was lost under a request before a byte of the answer came; it had been idle for so long before. */
  diedUnanswered(idleMs: number): void;
}

/** What an origin counts. */
export interface ExchangeCounters {
  /** Requests that were answered to the end. */
  answered: number;
  /** Requests that failed. */
  failed: number;
  /** Sent again, nothing having been written. */
  resentUnwritten: number;
  /** Sent again, the server having said that it has not begun to work on it. */
  resentUnprocessed: number;
  /** Sent again, idempotent, no byte of an answer having come. */
  resentUnanswered: number;
}
