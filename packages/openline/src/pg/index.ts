// The public surface of the PostgreSQL adapter.

export type { PgPoolOptions } from './options.ts';
export { createPool, Pool } from './pool.ts';
export type { QueryLimits } from './request.ts';
export type { TransactionOptions } from './transaction.ts';
