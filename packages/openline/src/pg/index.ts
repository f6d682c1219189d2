// The public surface of the PostgreSQL adapter.

export type { HostAddress, HostTarget } from './hosts.ts';
export type { ListenOptions, NotificationHandler, Subscription } from './listener.ts';
export type { PgPoolOptions } from './options.ts';
export { createPool, Pool } from './pool.ts';
export type { QueryLimits } from './request.ts';
export type { StreamOptions } from './stream.ts';
export type { TransactionOptions } from './transaction.ts';
