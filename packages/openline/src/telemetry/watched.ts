// What the metrics know of a pool: its stats, whichever kind of pool it is.

import type { PoolStats } from '../core/index.ts';
import { definitions } from './definitions.ts';
import { type MetricAttributes, Sheet } from './sheet.ts';

/** What is told of one origin of a pool of HTTP connections. */
export interface OriginFigures extends PoolStats {
  /** Such as `https://example.com`. */
  readonly origin: string;
  /** `undefined` until a connection was open. */
  readonly protocol: 'HTTP/1.1' | 'HTTP/2' | undefined;
  /** Requests dispatched and not ended, by method; one that is known stays when its last request has ended. */
  readonly requestsByMethod: Readonly<Record<string, number>>;
}

/** A pool that can be measured: one of `createPool`, of `openline/pg`, or an `HttpPool`. */
export interface WatchedPool {
  stats(): PoolStats | { readonly name: string; readonly origins: readonly OriginFigures[] };
}

/** How a pool is told of. */
export interface WatchOptions {
  /** The value of `db.client.connection.pool.name`; default the pool's own name. Not for an `HttpPool`, which is told of by origin. */
  readonly poolName?: string;
  /** Attributes of every series of this pool, such as `{ 'db.system.name': 'postgresql' }`. Default none. */
  readonly attributes?: MetricAttributes;
}

/** The figures of one pool: a sheet by the name of each origin, or one by its own. */
export function readPool(pool: WatchedPool, options: WatchOptions): Map<string, Sheet> {
  const sheets = new Map<string, Sheet>();
  const stats = pool.stats();
  for (const each of 'origins' in stats ? stats.origins : [stats]) {
    const sheet = sheets.get(each.name) ?? new Sheet();
    sheets.set(each.name, sheet);
    if ('origin' in each) readOrigin(each, options, sheet);
    else readDatabase(each, options, sheet);
  }
  return sheets;
}

/** Open and lent to nobody, one that is being asked whether it lives included. */
function idleOf({ idle, validating }: PoolStats): number {
  return idle + validating;
}

/** Lent, being put in order after it was, or taken away by its user. */
function usedOf({ leased, resetting, detached }: PoolStats): number {
  return leased + resetting + detached;
}

function readDatabase(stats: PoolStats, { poolName, attributes }: WatchOptions, sheet: Sheet): void {
  const { max, min, waiting, totals, times } = stats;
  const pool = { ...attributes, 'db.client.connection.pool.name': poolName ?? stats.name };
  const inState = (state: string): MetricAttributes => ({ ...pool, 'db.client.connection.state': state });
  sheet.add(definitions.count, inState('idle'), idleOf(stats));
  sheet.add(definitions.count, inState('used'), usedOf(stats));
  // A limit that there is not has no number.
  if (Number.isFinite(max)) {
    sheet.add(definitions.idleMax, pool, max);
    sheet.add(definitions.limit, pool, max);
    sheet.add(definitions.max, pool, max);
  }
  sheet.add(definitions.idleMin, pool, min);
  sheet.add(definitions.pendingRequests, pool, waiting);
  sheet.add(definitions.timeouts, pool, totals.timedOut);
  sheet.addTimes(definitions.createTime, pool, times.connect);
  sheet.addTimes(definitions.waitTime, pool, times.wait);
  sheet.addTimes(definitions.useTime, pool, times.use);
}

/** Those that the conventions know; whatever else a program makes up is one series. */
const methods = new Set('GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH QUERY'.split(' '));

function methodOf(given: string): string {
  const method = given.toUpperCase();
  return methods.has(method) ? method : '_OTHER';
}

const defaultPorts: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

function readOrigin(stats: OriginFigures, { attributes }: WatchOptions, sheet: Sheet): void {
  const { protocol, hostname, port } = new URL(stats.origin);
  const server = {
    ...attributes,
    // An IPv6 address stands in brackets in a URL, and nowhere else.
    'server.address': hostname.replace(/^\[(.*)\]$/, '$1'),
    'server.port': port === '' ? (defaultPorts[protocol] ?? 0) : Number(port),
    'url.scheme': protocol.slice(0, -1),
  };
  for (const [method, requests] of Object.entries(stats.requestsByMethod))
    sheet.add(definitions.activeRequests, { ...server, 'http.request.method': methodOf(method) }, requests);
  // Before its first connection nobody knows what a server speaks, and there is nothing to tell.
  if (stats.protocol === undefined) return;
  const line = { ...server, 'network.protocol.version': stats.protocol === 'HTTP/2' ? '2' : '1.1' };
  const inState = (state: string): MetricAttributes => ({ ...line, 'http.connection.state': state });
  sheet.add(definitions.openConnections, inState('active'), usedOf(stats));
  sheet.add(definitions.openConnections, inState('idle'), idleOf(stats));
  sheet.addTimes(definitions.connectionDuration, line, stats.times.lifetime);
}
