// Every error that Openline itself makes: what happened, what was measured, what to do.

import type { HolderInfo } from './holder.ts';
import { capturesPerSecond, favourMs } from './place.ts';

/** Openline's own word for what went wrong; stable, for programs to switch on. */
export type ErrorKind =
  | 'acquire-timeout'
  | 'connect'
  | 'invalid-options'
  | 'lease'
  | 'pool-closed'
  | 'queue-full'
  | 'request-timeout';

/** The base of every error that Openline makes. */
export class OpenlineError extends Error {
  /** Openline's own word for what went wrong. */
  readonly kind: ErrorKind;
  /** `OPENLINE_` and the kind in capitals; a {@link ConnectError} carries the driver's or the socket's own code instead, where there is one. */
  readonly code: string;
  /** The pool's `name`. */
  readonly poolName: string;

  constructor(
    kind: ErrorKind,
    poolName: string,
    message: string,
    options: { cause?: unknown; code?: string } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.code = options.code ?? `OPENLINE_${kind.replaceAll('-', '_').toUpperCase()}`;
    this.poolName = poolName;
  }

  static {
    OpenlineError.prototype.name = 'OpenlineError';
  }
}

/** The counts of a pool's connections and waiters at one moment. */
export interface PoolCounts {
  /** The most connections the pool may have. */
  readonly max: number;
  /** Connections of every state: never more than `max`. */
  readonly size: number;
  /** Open and lent to nobody. */
  readonly idle: number;
  /** Lent to somebody. */
  readonly leased: number;
  /** Being opened. */
  readonly opening: number;
  /** Being asked whether they still live. */
  readonly validating: number;
  /** Being put in order after a lease. */
  readonly resetting: number;
  /** Being closed; they count until their socket is closed, or one second. */
  readonly closing: number;
  /** Given away for good by `detach()`, and not closed yet. */
  readonly detached: number;
  /** Callers in the queue. */
  readonly waiting: number;
}

/** The counts as errors tell them. @internal */
export function countsInWords(counts: PoolCounts): string {
  const parts = [
    `${counts.leased} leased`,
    `${counts.idle} idle`,
    `${counts.opening} opening`,
    ...(counts.validating > 0 ? [`${counts.validating} validating`] : []),
    ...(counts.resetting > 0 ? [`${counts.resetting} resetting`] : []),
    ...(counts.closing > 0 ? [`${counts.closing} closing`] : []),
    ...(counts.detached > 0 ? [`${counts.detached} detached`] : []),
  ];
  return `${parts.join(', ')} of max ${counts.max}; ${counts.waiting} waiting`;
}

/** What {@link AcquireTimeoutError} measured of the wait. Milliseconds. */
export interface WaitMeasures {
  /** The deadline that was set, or what `withDeadline` had left if that was less. */
  readonly timeoutMs: number;
  /** The whole deadline of `withDeadline`, where it was that which struck. */
  readonly requestTimeoutMs: number | undefined;
  /** The whole wait. */
  readonly waitedMs: number;
  /** The part of it during which a connection was being opened. */
  readonly openingMs: number;
  /** The part of it during which an idle connection was being validated. */
  readonly validatingMs: number;
  /** The rest: nothing was on its way, and no lease was given back. */
  readonly queuedMs: number;
}

/** A budget that keeps a pool from opening. */
export interface BudgetShortage {
  /** The budget's `max`, all of which was in use. */
  readonly max: number;
  /** Other pools that had connections of it. */
  readonly otherPools: number;
  /** How many they had together. */
  readonly inOtherPools: number;
}

const ms = (value: number): string => `${Math.round(value)} ms`;

/** An acquire reached its deadline, its own or that of `withDeadline`, before a connection could be lent. Code `OPENLINE_ACQUIRE_TIMEOUT`. */
export class AcquireTimeoutError extends OpenlineError {
  /** How the wait was spent. */
  readonly wait: WaitMeasures;
  /** The pool at the deadline. */
  readonly counts: PoolCounts;
  /** Who held the connections, the longest first; five at the most. */
  readonly holders: readonly HolderInfo[];
  /** `'proven'`: this caller holds a lease of the same pool; `'suspected'`: every connection is leased, nobody gives one back. */
  readonly nestedAcquire: 'proven' | 'suspected' | undefined;
  /** The shared budget, where the pool might not open because that was full. */
  readonly budget: BudgetShortage | undefined;
  /** What the pool's `explainer` said of the cause, which the message holds too; nothing for one who would not wait where nobody else did. */
  readonly diagnosis: string | undefined;

  constructor(
    poolName: string,
    wait: WaitMeasures,
    counts: PoolCounts,
    holders: readonly HolderInfo[],
    nestedAcquire: 'proven' | 'suspected' | undefined,
    cause: ConnectError | undefined,
    budget?: BudgetShortage,
    diagnosis?: string,
  ) {
    const spent = [`${ms(wait.queuedMs)} in the queue`];
    if (wait.openingMs > 0) spent.push(`${ms(wait.openingMs)} while a connection was opening`);
    if (wait.validatingMs > 0) spent.push(`${ms(wait.validatingMs)} while one was validated`);
    const lines = [
      `pool "${poolName}": no connection within ${limitInWords(wait)} (waited ${ms(wait.waitedMs)}: ${spent.join(', ')}). ` +
        `Connections: ${countsInWords(counts)}.`,
    ];
    if (budget !== undefined) lines.push(shortageInWords(budget));
    if (holders.length > 0) lines.push(`Held longest: ${holders.map(holderInWords).join('; ')}.`);
    if (holders.some(({ place }) => place === undefined)) lines.push(notCaptured);
    if (cause !== undefined) lines.push(`Last open failed: ${cause.message}.`);
    if (isOver(wait)) lines.push(overAdvice);
    // What was proven of this very caller goes before what is likely for all.
    else if (diagnosis === undefined || nestedAcquire === 'proven')
      lines.push(advice(counts, nestedAcquire, cause, budget));
    else lines.push(diagnosis);
    super('acquire-timeout', poolName, lines.join(' '), { cause });
    this.wait = wait;
    this.counts = counts;
    this.holders = holders;
    this.nestedAcquire = nestedAcquire;
    this.budget = budget;
    this.diagnosis = diagnosis;
  }

  static {
    AcquireTimeoutError.prototype.name = 'AcquireTimeoutError';
  }
}

/** The request's deadline was over before it asked. */
function isOver({ requestTimeoutMs, timeoutMs }: WaitMeasures): boolean {
  return requestTimeoutMs !== undefined && timeoutMs === 0;
}

const overAdvice = 'The pool was not tried: look for what took the time before, or give the request more.';

function limitInWords(wait: WaitMeasures): string {
  const { requestTimeoutMs, timeoutMs } = wait;
  if (requestTimeoutMs === undefined) return ms(timeoutMs);
  return isOver(wait)
    ? `the request's deadline of ${ms(requestTimeoutMs)}, which was over`
    : `the ${ms(timeoutMs)} that were left of the request's deadline of ${ms(requestTimeoutMs)}`;
}

function holderInWords(holder: HolderInfo): string {
  const leaked = holder.leaked === true ? ', a lease that was garbage-collected and never ended' : '';
  return `connection ${holder.connectionId} for ${ms(holder.ageMs)} by ${holder.place ?? 'a place not captured'}${leaked}`;
}

const notCaptured =
  `Places are captured for ${capturesPerSecond} acquires a second at the most, in all pools; ` +
  `after a timeout half of them are for this pool, for ${favourMs / 1000} s.`;

function shortageInWords({ max, otherPools, inOtherPools }: BudgetShortage): string {
  const others = `${otherPools} other pool${otherPools === 1 ? '' : 's'}`;
  return `The shared budget is full: ${max} of ${max}, ${inOtherPools} of them in ${others}.`;
}

function advice(
  counts: PoolCounts,
  nested: 'proven' | 'suspected' | undefined,
  cause: ConnectError | undefined,
  budget: BudgetShortage | undefined,
): string {
  if (nested === 'proven') {
    return 'This caller already holds a connection of this pool and waits for a second one: pass the first one on, or acquire both from separate pools.';
  }
  const live = counts.idle + counts.leased + counts.validating + counts.resetting;
  if (cause !== undefined && live === 0) return 'The server cannot be reached: mend what the last open says.';
  if (nested === 'suspected') {
    return 'Every connection is leased and none came back during the wait: look for leases that are never released, or for holders that acquire again.';
  }
  if (budget !== undefined)
    return "Shorten the use of connections in the pools of the budget, or raise the budget's max if the servers allow it.";
  if (counts.leased >= counts.max)
    return 'All connections are in use: shorten their use, or raise max if the server allows it.';
  return 'Look at the counts above: the time went where they say.';
}

/** The pool is closed, or was closed while the caller waited. Code `OPENLINE_POOL_CLOSED`; in an adapter, the driver's own where it has one. */
export class PoolClosedError extends OpenlineError {
  constructor(
    poolName: string,
    message = `pool "${poolName}" is closed: acquire before close(), or make a new pool`,
    code?: string,
  ) {
    super('pool-closed', poolName, message, code === undefined ? {} : { code });
  }

  static {
    PoolClosedError.prototype.name = 'PoolClosedError';
  }
}

/** As many callers wait as `maxWaiters` allows. Code `OPENLINE_QUEUE_FULL`. */
export class QueueFullError extends OpenlineError {
  /** The pool at that moment. */
  readonly counts: PoolCounts;
  /** What the pool's `explainer` said of why so many wait, at most a quarter of a second ago; the message holds it too. */
  readonly diagnosis: string | undefined;

  constructor(poolName: string, maxWaiters: number, counts: PoolCounts, diagnosis?: string) {
    super(
      'queue-full',
      poolName,
      `pool "${poolName}": ${counts.waiting} callers wait already, and maxWaiters is ${maxWaiters}. ` +
        `Connections: ${countsInWords(counts)}. ${diagnosis ?? 'Shed load before the pool, or raise maxWaiters.'}`,
    );
    this.counts = counts;
    this.diagnosis = diagnosis;
  }

  static {
    QueueFullError.prototype.name = 'QueueFullError';
  }
}

/** How an attempt to open a connection failed. */
export interface ConnectFailure {
  /** The phase that was under way: `dns`, `tcp`, `tls`, `startup`, `authentication` or the connector's own word. */
  readonly phase: string;
  /** Where to, without credentials; empty when the connector does not say. */
  readonly address: string;
  /** Attempts that failed since the last success, this one included. */
  readonly attempts: number;
  /** How long this attempt took, in milliseconds. */
  readonly tookMs: number;
  /** The attempt reached `connectTimeoutMs`. */
  readonly timedOut: boolean;
}

/** A connection could not be opened. Its `code` is the driver's or the socket's own, where there is one, else `OPENLINE_CONNECT`. */
export class ConnectError extends OpenlineError implements ConnectFailure {
  readonly phase: string;
  readonly address: string;
  readonly attempts: number;
  readonly tookMs: number;
  readonly timedOut: boolean;

  constructor(poolName: string, failure: ConnectFailure, cause: unknown) {
    const to = failure.address === '' ? '' : ` to ${failure.address}`;
    const why = failure.timedOut
      ? `no answer within ${ms(failure.tookMs)}: check the address and the network, or raise connectTimeoutMs`
      : messageOf(cause);
    const tries = failure.attempts > 1 ? `, attempt ${failure.attempts} since the last success` : '';
    const code = (cause as { code?: unknown } | undefined)?.code;
    super(
      'connect',
      poolName,
      `pool "${poolName}": cannot connect${to} (phase ${failure.phase}${tries}): ${why}`,
      {
        cause,
        ...(typeof code === 'string' ? { code } : {}),
      },
    );
    this.phase = failure.phase;
    this.address = failure.address;
    this.attempts = failure.attempts;
    this.tookMs = failure.tookMs;
    this.timedOut = failure.timedOut;
  }

  static {
    ConnectError.prototype.name = 'ConnectError';
  }
}

/** The words of whatever was thrown; an AggregateError of addresses tried has none of its own. */
function messageOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.message === '') {
    return cause.errors.map(messageOf).join('; ');
  }
  return cause instanceof Error ? cause.message : String(cause);
}

/** The limit that a request reached. */
export interface RequestLimit {
  /** The option that set it. */
  readonly option: string;
  readonly limitMs: number;
  /** What was measured, and what to do, in a sentence each. */
  readonly told: string;
  /** What the message begins with, where programs look for a driver's own words. */
  readonly prefix?: string;
}

/** A request under way reached a limit. Code `OPENLINE_REQUEST_TIMEOUT`. */
export class RequestTimeoutError extends OpenlineError {
  /** The option that set the limit. */
  readonly option: string;
  readonly limitMs: number;
  /** The peer may have done what was asked, or may do it still. */
  readonly outcome: 'unknown' = 'unknown';

  constructor(poolName: string, { option, limitMs, told, prefix = '' }: RequestLimit) {
    super(
      'request-timeout',
      poolName,
      `${prefix}pool "${poolName}": no answer within ${ms(limitMs)} (${option}). ${told}`,
    );
    this.option = option;
    this.limitMs = limitMs;
  }

  static {
    RequestTimeoutError.prototype.name = 'RequestTimeoutError';
  }
}

/** A lease was used or ended after its end. Code `OPENLINE_LEASE`. */
export class LeaseError extends OpenlineError {
  /** Where it was ended first; `undefined` when that place was not captured. */
  readonly endedAt: string | undefined;

  constructor(poolName: string, what: string, endedAt?: string) {
    super(
      'lease',
      poolName,
      `pool "${poolName}": ${what}. A lease ends exactly once, and its connection is not yours after that.`,
    );
    this.endedAt = endedAt;
  }

  static {
    LeaseError.prototype.name = 'LeaseError';
  }
}

/** One fault in the options that were given. */
export interface OptionFault {
  /** The option's name. */
  readonly option: string;
  /** What is wrong with it, and what would be right. */
  readonly problem: string;
}

/** Options were refused: all their faults at once. Code `OPENLINE_INVALID_OPTIONS`. */
export class InvalidOptionsError extends OpenlineError {
  /** Every fault found. */
  readonly faults: readonly OptionFault[];

  constructor(poolName: string, faults: readonly OptionFault[]) {
    super(
      'invalid-options',
      poolName,
      `invalid options: ${faults.map((fault) => `${fault.option} ${fault.problem}`).join('; ')}`,
    );
    this.faults = faults;
  }

  static {
    InvalidOptionsError.prototype.name = 'InvalidOptionsError';
  }
}
