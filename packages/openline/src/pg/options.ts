// The drop-in's options: pg's own names with pg's meanings, and Openline's beside them.

import type { ClientBase, PoolClient, PoolConfig } from 'pg';
import { InvalidOptionsError, nearestName, type PoolOptions, poolOptionNames } from '../core/index.ts';

/** Options of the drop-in: all of pg's, and Openline's under their own names, which win where both are given. */
export interface PgPoolOptions
  extends PoolConfig,
    Omit<PoolOptions<ClientBase>, 'max' | 'min' | 'maxUses' | 'observers'> {
  /** Told what happens in the pool. Default none. */
  readonly observers?: PoolOptions<PoolClient>['observers'];
}

/** Option names of pg 8.23: its client's, and its pool's. */
const pgNames = [
  ...[
    'Client',
    'Promise',
    'allowExitOnIdle',
    'application_name',
    'binary',
    'client_encoding',
    'connection',
    'connectionString',
  ],
  ...[
    'connectionTimeoutMillis',
    'database',
    'enableChannelBinding',
    'fallback_application_name',
    'host',
    'idleTimeoutMillis',
  ],
  ...[
    'idle_in_transaction_session_timeout',
    'keepAlive',
    'keepAliveInitialDelayMillis',
    'lock_timeout',
    'log',
    'max',
  ],
  ...[
    'maxLifetimeSeconds',
    'maxUses',
    'min',
    'onConnect',
    'options',
    'password',
    'pipeline',
    'poolSize',
    'port',
    'query_timeout',
  ],
  ...[
    'replication',
    'scramMaxIterations',
    'ssl',
    'sslnegotiation',
    'statement_timeout',
    'stream',
    'types',
    'user',
    'verify',
  ],
];

/** The names that are Openline's alone. */
const ownNames = poolOptionNames.filter((name) => !pgNames.includes(name));
const knownNames = [...pgNames, ...ownNames];

/** pg's default: a program without `end()` leaves after it. */
const idleDefaultMs = 10_000;
const checkDefaultMs = 5_000;

/**
 * The engine's options for what the drop-in was given. Under pg's names pg's meanings hold: 0 is "no limit", a missing value the default.
 *
 * @throws {@link InvalidOptionsError} where Openline's own options are wrong, or a number of pg's is none.
 */
export function engineOptions(given: PgPoolOptions): PoolOptions<never> {
  const { connectionTimeoutMillis, idleTimeoutMillis, maxLifetimeSeconds, poolSize } =
    given as PgPoolOptions & { poolSize?: unknown };
  const connecting = pgLimit('connectionTimeoutMillis', connectionTimeoutMillis);
  const lifetime = pgLimit('maxLifetimeSeconds', maxLifetimeSeconds);
  const max = pgNumber('max', given.max || poolSize || 10);
  const options: Record<string, unknown> = {
    max,
    min: Math.min(pgNumber('min', given.min || 0), max),
    maxUses: pgNumber('maxUses', given.maxUses || Number.POSITIVE_INFINITY),
    maxWaiters: Number.POSITIVE_INFINITY,
    acquireTimeoutMs: connecting,
    connectTimeoutMs: connecting,
    idleTimeoutMs:
      idleTimeoutMillis === undefined ? idleDefaultMs : pgLimit('idleTimeoutMillis', idleTimeoutMillis ?? 0),
    maxLifetimeMs: lifetime === undefined ? undefined : lifetime * 1000,
  };
  for (const name of ownNames) {
    const value = (given as Record<string, unknown>)[name];
    if (value !== undefined) options[name] = value;
  }
  return options as PoolOptions<never>;
}

/** See {@link ClientSource.checkLimitMs}: `connectTimeoutMs: Infinity` is meant for checks too, `connectionTimeoutMillis: 0` is not. */
export function checkLimitMs(given: PgPoolOptions): number {
  const noneOfPg =
    pgLimit('connectionTimeoutMillis', given.connectionTimeoutMillis) === Number.POSITIVE_INFINITY;
  return given.connectTimeoutMs === undefined && noneOfPg ? checkDefaultMs : Number.POSITIVE_INFINITY;
}

/** A limit under a name of pg's: 0 is none, a missing one Openline's default. */
function pgLimit(option: string, value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  return pgNumber(option, value) || Number.POSITIVE_INFINITY;
}

/** pg takes numbers as text too, as they come from the environment. */
function pgNumber(option: string, value: unknown): number {
  const number = Number(value);
  if (number >= 0) return number;
  throw new InvalidOptionsError('pg', [{ option, problem: `is not a number from 0: give one` }]);
}

/** Refuses names that neither pg nor Openline knows. */
export function refuseUnknown(given: object): void {
  const faults = Object.keys(given)
    .filter((name) => !knownNames.includes(name))
    .map((option) => {
      const near = nearestName(option, knownNames);
      return { option, problem: near === undefined ? 'is unknown' : `is unknown: did you mean ${near}?` };
    });
  if (faults.length > 0) throw new InvalidOptionsError('pg', faults);
}

/** Warns, once for a pool, of names that look like Openline's with a slip. Other unknown names are the user's own affair, as with pg. */
export function warnOfSlips(given: object): void {
  const slips = Object.keys(given)
    .filter((name) => !knownNames.includes(name))
    .flatMap((name) => {
      const near = nearestName(name, ownNames);
      return near === undefined ? [] : [`${name} (${near}?)`];
    });
  if (slips.length === 0) return;
  process.emitWarning(`openline/pg does not know these options: ${slips.join(', ')}`, {
    type: 'OpenlineWarning',
    code: 'OPENLINE_UNKNOWN_OPTION',
  });
}
