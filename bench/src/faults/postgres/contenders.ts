// The ways to PostgreSQL that meet the faults: which limits each can be given, and which it has not.

import type { FaultContender } from '../contender.ts';

/** Openline's defaults, which `long` leaves in place. */
const READ_DEFAULT_MS = 30_000;
const CONNECT_DEFAULT_MS = 5_000;

const moduleAt = (file: string): string => new URL(file, import.meta.url).href;

export const contenders: readonly FaultContender[] = [
  {
    name: 'openline/pg',
    dependency: 'openline',
    module: moduleAt('./contenders/openline.js'),
    waitingLabel: 'AcquireTimeoutError',
    options: ({ acquireMs, readMs, connectMs }) => ({
      acquireTimeoutMs: acquireMs,
      ...(readMs === undefined ? {} : { readTimeoutMs: readMs }),
      ...(connectMs === undefined ? {} : { connectTimeoutMs: connectMs }),
    }),
    // Silence ends a statement only after the server was asked about it, over a connection of its own.
    deadlines: ({ acquireMs, readMs = READ_DEFAULT_MS, connectMs = CONNECT_DEFAULT_MS }) => ({
      waitingMs: acquireMs,
      wholeMs: acquireMs + readMs + connectMs,
    }),
  },
  {
    name: 'pg.Pool',
    dependency: 'pg',
    module: moduleAt('./contenders/pg-pool.js'),
    waitingLabel: 'timeout exceeded',
    note: 'pg.Pool has no limit on a statement unless query_timeout is set, as it is with short limits.',
    options: ({ acquireMs, readMs }) => ({
      connectionTimeoutMillis: acquireMs,
      ...(readMs === undefined ? {} : { query_timeout: readMs }),
    }),
    deadlines: ({ acquireMs, readMs }) => ({
      waitingMs: acquireMs,
      wholeMs: readMs === undefined ? undefined : acquireMs + readMs,
    }),
  },
  {
    name: 'postgres.js',
    dependency: 'postgres',
    module: moduleAt('./contenders/postgres-js.js'),
    waitingLabel: 'CONNECT_TIMEOUT',
    note: 'postgres.js limits a connect (connect_timeout, in seconds) and nothing else: its calls have no deadline.',
    options: ({ acquireMs, connectMs = acquireMs }) => ({ connect_timeout: connectMs / 1_000 }),
    deadlines: () => undefined,
  },
];
