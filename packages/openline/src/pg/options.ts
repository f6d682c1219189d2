// The drop-in's options: pg's own names with pg's meanings, and Openline's beside them.

import type { ClientBase, PoolClient, PoolConfig } from 'pg';
import { InvalidOptionsError, nearestName, type PoolOptions, poolOptionNames } from '../core/index.ts';
import { checkHosts, type HostAddress, Hosts, type HostTarget } from './hosts.ts';
import type { ResetPolicy } from './session-reset.ts';

/** Options of the drop-in: all of pg's, and Openline's under their own names, which win where both are given. */
export interface PgPoolOptions
  extends Omit<PoolConfig, 'pipeline'>,
    Omit<PoolOptions<ClientBase>, 'max' | 'min' | 'maxUses' | 'name' | 'observers'> {
  /**
   * The pool's name in errors, metrics and pages. Default where it leads, such as `db.example:5432/orders`, with ` #2` for a second pool of
   * the process to the same database.
   */
  readonly name?: string;
  /** Told what happens in the pool. Default none. */
  readonly observers?: PoolOptions<PoolClient>['observers'];
  /**
   * Which statements of `pool.query` may share a connection with others that are under way. Default `'reads'`.
   *
   * - `'reads'`: plain reads that are known to be short. Each stands for itself: an error of one is no error of the others, and one that stalls
   *   or dies lets those behind it go elsewhere. They go by the extended protocol, repeated ones with parameters are prepared, and of those that
   *   are under way when a connection is cut each is sent again.
   * - `'all'`: short single writes, locking reads and calls of functions that Openline does not know too, each as the last of its batch, so that
   *   nobody stands behind one that waits for a lock. The risk: a function that changes the session (a setting, an advisory lock)
   *   changes it for the neighbours.
   * - `false`: none: each statement has a connection of its own, as in pg. The price is speed alone: each is a wake-up of its own on both sides.
   * - `true`: as `'reads'`, and the clients that are lent pipeline, as pg's own option of that name says.
   */
  readonly pipeline?: 'reads' | 'all' | boolean | undefined;
  /**
   * Settings of each session, such as `{ search_path: 'app', timezone: 'UTC' }`: they go with the startup, at no round trip, and are what a reset
   * of the session comes back to. Default none. Poolers that refuse the startup parameter `options` refuse them too; not with `options` in a connection string.
   */
  readonly settings?: { readonly [name: string]: string | number | boolean };
  /** Several servers in place of `host`: each is tried, the one that served last first, until one is what `target` wants. Default none. */
  readonly hosts?: readonly (string | HostAddress)[];
  /**
   * With `hosts`: `'primary'` (default), one that can be written to; `'prefer-standby'`, a read-only one, or else the primary; `'any'`. It is looked
   * at when a connection opens, and a statement of `pool.query` that is refused because its server is read-only (25006) has all connections replaced.
   */
  readonly target?: HostTarget;
  /**
   * Silence of the server while a statement is under way, in milliseconds. Default 30,000, above 0; `Infinity`: any. When it is over the server
   * is asked, over another connection, whether it still works on the statement: if it does, the statement goes on; if not, or if the server
   * does not answer within `connectTimeoutMs`, the connection is closed and the statement fails with {@link RequestTimeoutError}.
   */
  readonly readTimeoutMs?: number;
  /** The longest that a statement of `pool.query` may run, in milliseconds, from the moment it is sent; it is then cancelled on the server. Default `Infinity`, above 0. */
  readonly statementTimeoutMs?: number;
  /**
   * Whether `pool.query` prepares what comes again under names of its own. Default automatic: where the connections lead to the server itself,
   * and not where a pooler such as PgBouncer stands between, which may give each statement to another session. `true` is for a pooler that
   * keeps a session for a client (PgBouncer's session mode) or knows prepared statements itself (PgBouncer from 1.21, with
   * `max_prepared_statements`). `false`: never. A statement with a name of the user's is prepared under it in any case.
   */
  readonly preparedNames?: boolean | undefined;
  /**
   * How far a session is put in order when its client comes back. Default `'transaction'`. In any case a transaction that was left open is
   * rolled back, and observers are told of it (`dirtyReturn`) with the place that had the client; listeners that were added to the client
   * during the loan are taken off; and a client with an open cursor or an unfinished COPY is closed. What takes longer than
   * `connectTimeoutMs`, or fails, closes the connection.
   *
   * - `'transaction'`: nothing else.
   * - `'session'`: what `DISCARD ALL` clears is cleared besides: role, settings, temporary tables, advisory locks, prepared statements, LISTEN,
   *   cursors WITH HOLD. It costs a round trip, where a statement was sent that may have left something, as far as its text tells: not after plain
   *   reads and writes, nor after what ends with its transaction. (What triggers and views do, no text tells.) Settings in the connection's own options stay, and
   *   `onConnect` is run again; settings made by a listener of the pool's `connect` event are lost.
   * - a function: is given the client after the rollback, and awaited, each time that a user gives a client back, and after those statements of
   *   `pool.query` that may have left something. Where it throws, or leaves a transaction open, the connection is closed.
   */
  readonly reset?: 'transaction' | 'session' | ((client: PoolClient) => unknown) | undefined;
}

/**
 * See {@link PgPoolOptions.reset}.
 *
 * @throws {@link InvalidOptionsError}
 */
export function resetPolicy(given: PgPoolOptions): ResetPolicy {
  const reset: unknown = given.reset ?? 'transaction';
  if (reset === 'transaction' || reset === 'session' || typeof reset === 'function')
    return reset as ResetPolicy;
  const near = typeof reset === 'string' ? nearestName(reset, ['transaction', 'session']) : undefined;
  const meant = near === undefined ? '' : ` (did you mean '${near}'?)`;
  throw new InvalidOptionsError('pg', [
    {
      option: 'reset',
      problem: `is none that is known${meant}: give 'transaction', 'session' or a function`,
    },
  ]);
}

/** See {@link PgPoolOptions.pipeline}. */
export function pipelining(given: PgPoolOptions['pipeline']): 'reads' | 'all' | false {
  return given === 'all' || given === false ? given : 'reads';
}

/** pg's own meaning of `pipeline`: what the users of a client that is lent do with it. */
export function clientsPipeline(given: PgPoolOptions['pipeline']): boolean {
  return given === true;
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

/** Openline's options that the engine does not know. */
const adapterNames = [
  'hosts',
  'preparedNames',
  'readTimeoutMs',
  'reset',
  'settings',
  'statementTimeoutMs',
  'target',
];
/** The names that are Openline's alone. */
const engineNames = poolOptionNames.filter((name) => !pgNames.includes(name));
const ownNames = [...engineNames, ...adapterNames];
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
  for (const name of engineNames) {
    const value = (given as Record<string, unknown>)[name];
    if (value !== undefined) options[name] = value;
  }
  return options as PoolOptions<never>;
}

const settingName = /^[a-z_][\w.$]*$/i;

/**
 * pg's `options` with the settings in them. PostgreSQL documentation, "Message Formats", StartupMessage: arguments are split at spaces, and a
 * backslash takes the next character as it is.
 *
 * @throws {@link InvalidOptionsError}
 */
export function startupOptions({ settings, options }: PgPoolOptions): string | undefined {
  if (settings === undefined) return options;
  const faults: { option: string; problem: string }[] = [];
  const args = options === undefined ? [] : [options];
  for (const [name, value] of Object.entries(settings)) {
    if (!settingName.test(name))
      faults.push({ option: `settings.${name}`, problem: 'is no name of a setting' });
    else if (!['string', 'number', 'boolean'].includes(typeof value))
      faults.push({
        option: `settings.${name}`,
        problem: `is ${typeof value}: give a text, a number or a boolean`,
      });
    else args.push(`-c ${name}=${String(value).replace(/[\\\s]/g, '\\$&')}`);
  }
  if (faults.length > 0) throw new InvalidOptionsError('pg', faults);
  return args.join(' ');
}

/**
 * The servers, where several are given.
 *
 * @throws {@link InvalidOptionsError}
 */
export function hostsOf({ hosts, target, host }: PgPoolOptions): Hosts | undefined {
  if (hosts === undefined && target === undefined) return undefined;
  return new Hosts(checkHosts(hosts, target, host), target ?? 'primary');
}

/**
 * See {@link PgPoolOptions.preparedNames}.
 *
 * @throws {@link InvalidOptionsError}
 */
export function preparedNames({ preparedNames: given }: PgPoolOptions): boolean | undefined {
  if (given === undefined || typeof given === 'boolean') return given;
  throw new InvalidOptionsError('pg', [
    { option: 'preparedNames', problem: `is ${String(given)}: give true, false, or undefined for automatic` },
  ]);
}

const readDefaultMs = 30_000;

/** The limits of statements, in milliseconds. */
export interface StatementTimeouts {
  readonly readTimeoutMs: number;
  readonly statementTimeoutMs: number;
  /** pg's own; 0 is none. */
  readonly queryTimeoutMs: number;
}

/**
 * The limits of statements that the drop-in was given.
 *
 * @throws {@link InvalidOptionsError}
 */
export function statementTimeouts(given: PgPoolOptions): StatementTimeouts {
  const { readTimeoutMs = readDefaultMs, statementTimeoutMs = Number.POSITIVE_INFINITY } = given;
  checkLimits({ readTimeoutMs, statementTimeoutMs });
  return {
    readTimeoutMs,
    statementTimeoutMs,
    queryTimeoutMs: pgNumber('query_timeout', given.query_timeout || 0),
  };
}

/**
 * Checks limits, of the pool or of one query: missing, or milliseconds above 0.
 *
 * @throws {@link InvalidOptionsError}
 */
export function checkLimits(limits: { readonly [option: string]: unknown }): void {
  const faults = Object.entries(limits)
    .filter(([, value]) => value !== undefined && !(typeof value === 'number' && value > 0))
    .map(([option, value]) => ({
      option,
      problem: `is ${String(value)}: give milliseconds above 0, or Infinity for no limit`,
    }));
  if (faults.length > 0) throw new InvalidOptionsError('pg', faults);
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
