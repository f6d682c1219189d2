// The options of an HttpPool: their meaning, defaults and ranges.

import {
  checkOptions,
  InvalidOptionsError,
  type NumberRule,
  OptionChecks,
  type PoolOptions,
  poolOptionNames,
} from '../core/index.ts';
import type { HttpConnection } from './connection.ts';
import { type SocketOptions, socketFaults, socketOptionNames } from './socket-options.ts';

/** The limits of one request. Milliseconds; each is finite by default. A request may have its own: `headersTimeout` and `bodyTimeout` as with undici (0: none), the others under these names. */
export interface RequestLimits {
  /** From the request's sending to the head of the response. Default 30,000, above 0; `Infinity`: none. */
  readonly headersTimeoutMs?: number | undefined;
  /** The server's silence in mid-body. It does not run while the reader has paused. Default 30,000, above 0; `Infinity`: none. */
  readonly bodyTimeoutMs?: number | undefined;
  /** The reader's pause in mid-body: a body that nobody reads holds its connection. Default 30,000, above 0; `Infinity`: none. */
  readonly bodyIdleTimeoutMs?: number | undefined;
  /** The whole request, the wait for a connection and every retry included. Default 120,000, above 0; `Infinity`: none. */
  readonly totalTimeoutMs?: number | undefined;
}

/** What an origin may have of its own. */
export interface OriginOptions
  extends RequestLimits,
    Omit<
      PoolOptions<HttpConnection>,
      'name' | 'clock' | 'budget' | 'explainer' | 'keepaliveMs' | 'validateAfterIdleMs'
    >,
    SocketOptions {
  /** Bytes of a response's headers at the most. Default 65,536, from 1,024. */
  readonly maxHeaderSize?: number | undefined;
}

/** A server asked to be left alone for a while. */
export interface RetryAfterEvent {
  readonly poolName: string;
  readonly origin: string;
  /** 429 or 503. */
  readonly status: number;
  /** From now, in milliseconds; never below 0. */
  readonly retryAfterMs: number;
}

/**
 * Options of {@link HttpPool}: those of every pool, for each origin by itself, and those of requests, sockets and TLS. `max` (default 10) is per
 * origin; one HTTP/2 connection carries many requests. The default of `leakThresholdMs` is 10,000 here, below that of `bodyIdleTimeoutMs`. `leakThresholdMs` (default 10,000 here) is for bodies that nobody reads.
 */
export interface HttpPoolOptions extends OriginOptions {
  /** The pool's name in errors, metrics and pages; each origin's is this and the origin. Default `http-` and a number. */
  readonly name?: string | undefined;
  /** The most connections to all origins together. Default 256, from 1; `Infinity`: no limit. */
  readonly maxTotal?: number | undefined;
  /** The most origins with a pool; the one idle longest makes room. Default 1,000, from 1. */
  readonly maxOrigins?: number | undefined;
  /** What single origins have of their own, by origin: `{ 'https://slow.example': { headersTimeoutMs: 60_000 } }`. */
  readonly origins?: Readonly<Record<string, OriginOptions>> | undefined;
  /** Told of each 429 and 503 with a `Retry-After` that can be read. */
  readonly onRetryAfter?: ((event: RetryAfterEvent) => void) | undefined;
  readonly clock?: PoolOptions['clock'];
}

/** The limits of a request with nothing left open. */
export type ResolvedLimits = { readonly [Name in keyof RequestLimits]-?: number };

/** The options of one origin, sorted by who needs them. */
export interface ResolvedOrigin {
  readonly limits: ResolvedLimits;
  readonly engine: PoolOptions<HttpConnection>;
  readonly sockets: SocketOptions;
  readonly maxHeaderSize: number;
}

/** {@link HttpPoolOptions}, sorted by who needs them. */
export interface ResolvedHttpOptions {
  readonly name: string;
  readonly maxTotal: number;
  readonly maxOrigins: number;
  readonly onRetryAfter: ((event: RetryAfterEvent) => void) | undefined;
  readonly clock: PoolOptions['clock'];
  /** The options of an origin, by its URL's `origin`. */
  of(origin: string): ResolvedOrigin;
}

let poolsNamed = 0;

const duration: NumberRule = { min: 1, infinite: true, integer: false };
const count: NumberRule = { min: 1, infinite: true, integer: true };

const limits = {
  headersTimeoutMs: 30_000,
  bodyTimeoutMs: 30_000,
  bodyIdleTimeoutMs: 30_000,
  totalTimeoutMs: 120_000,
} as const satisfies Record<keyof RequestLimits, number>;

const limitNames = Object.keys(limits) as (keyof RequestLimits)[];
const ofThePool = ['name', 'clock', 'budget', 'explainer', 'keepaliveMs', 'validateAfterIdleMs'];
const engineNames = poolOptionNames.filter((name) => !ofThePool.includes(name));
const originNames = [...engineNames, ...limitNames, ...socketOptionNames, 'maxHeaderSize'];

/** The names that {@link HttpPoolOptions} knows. */
export const httpOptionNames: readonly string[] = [
  ...originNames,
  'name',
  'clock',
  'maxTotal',
  'maxOrigins',
  'origins',
  'onRetryAfter',
];

/** The limits that a request has of its own, checked. */
export function checkRequestLimits(poolName: string, given: RequestLimits): RequestLimits {
  const checks = new OptionChecks(poolName, given);
  for (const name of limitNames) checks.number(name, 1, duration);
  checks.done();
  return given;
}

/**
 * Checks the options and sorts them.
 *
 * @throws InvalidOptionsError with every fault of the pool, or of the first origin that has some of its own.
 */
export function resolveHttpOptions(given: HttpPoolOptions | undefined): ResolvedHttpOptions {
  const name = typeof given?.name === 'string' && given.name !== '' ? given.name : `http-${++poolsNamed}`;
  const checks = new OptionChecks(name, given);
  checks.knownNames(httpOptionNames);
  checks.string('name', name);
  const maxTotal = checks.number('maxTotal', 256, count);
  const maxOrigins = checks.number('maxOrigins', 1_000, { ...count, infinite: false });
  const overrides = new Map<string, OriginOptions>();
  for (const [origin, own] of Object.entries(given?.origins ?? {})) {
    const parsed = URL.canParse(origin) ? new URL(origin) : undefined;
    if (parsed === undefined || parsed.origin === 'null') {
      checks.fault('origins', `has ${JSON.stringify(origin)}: give origins such as "https://example.com"`);
    } else overrides.set(parsed.origin, own);
  }
  checkOrigin(name, checks, given);
  checks.done();
  for (const own of overrides.values()) {
    const ownChecks = new OptionChecks(name, own);
    ownChecks.knownNames(originNames);
    checkOrigin(name, ownChecks, { ...given, ...own });
    ownChecks.done();
  }
  return {
    name,
    maxTotal,
    maxOrigins,
    onRetryAfter: given?.onRetryAfter,
    clock: given?.clock,
    of: (origin) => sortOrigin({ ...given, ...overrides.get(origin) }),
  };
}

function checkOrigin(poolName: string, checks: OptionChecks, given: OriginOptions | undefined): void {
  try {
    checkOptions(poolName, sortOrigin({ ...given }).engine);
  } catch (error) {
    if (!(error instanceof InvalidOptionsError)) throw error;
    for (const { option, problem } of error.faults) checks.fault(option, problem);
  }
  for (const { option, problem } of socketFaults(given ?? {})) checks.fault(option, problem);
  for (const limit of limitNames) checks.number(limit, limits[limit], duration);
  checks.number('maxHeaderSize', 65_536, { min: 1_024, infinite: false, integer: true });
}

function sortOrigin(given: OriginOptions): ResolvedOrigin {
  return {
    limits: { ...limits, ...defined(pick(given, limitNames)) },
    engine: defined(pick(given, engineNames)) as PoolOptions<HttpConnection>,
    sockets: defined(pick(given, socketOptionNames)) as SocketOptions,
    maxHeaderSize: given.maxHeaderSize ?? 65_536,
  };
}

function pick(given: object, names: readonly string[]): Record<string, unknown> {
  const values = given as Record<string, unknown>;
  return Object.fromEntries(names.map((name) => [name, values[name]]));
}

/** What was given as `undefined` was not given. */
function defined(values: Record<string, unknown>): Record<string, never> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Record<
    string,
    never
  >;
}
