// What the benches ask of any way to reach PostgreSQL: one small query, through the pool or on a leased client.

import type { Json } from '../harness/bench.ts';

export interface PostgresAccess {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly max: number;
  readonly [key: string]: Json;
}

export interface QueryPool {
  /** `select $1::int` through the pool; resolves to the number that came back. */
  query(value: number): Promise<number>;
  /** The same on a client that is acquired for it and released after it, where there is such a thing. */
  onClient?(value: number): Promise<number>;
  close(): Promise<void>;
}

export type CreateQueryPool = (access: PostgresAccess) => QueryPool;
