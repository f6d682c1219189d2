// The options of a pool: their meaning, defaults and ranges.

import { Budget } from './budget.ts';
import { type NumberRule, OptionChecks } from './checks.ts';
import { type Clock, systemClock } from './clock.ts';
import { InvalidOptionsError } from './errors.ts';
import type { Explainer } from './explainer.ts';
import type { LeaseMode } from './holder.ts';
import type { Leak, PoolObserver } from './observer.ts';

/** Options of {@link createPool}. Durations are in milliseconds. */
export interface PoolOptions<C = unknown> {
  /** The pool's name in errors, metrics and pages. Default `pool-` and a number. */
  readonly name?: string;
  /** The most connections, those being opened and closed included. Default 10, from 1; `Infinity`: no limit. */
  readonly max?: number;
  /** Connections kept open when there is no demand. Default 0, up to `max`. */
  readonly min?: number;
  /** The most callers that may wait. Default 1,000; 0: nobody waits; `Infinity`: no limit. */
  readonly maxWaiters?: number;
  /** Leases after which a connection is replaced. Default `Infinity`, from 1. */
  readonly maxUses?: number;
  /** The deadline of an acquire, whatever happens inside it. Default 30,000; 0: only what can be lent at once; `Infinity`: none. */
  readonly acquireTimeoutMs?: number;
  /** The limit for one attempt to open, every phase of the handshake included, and for one validation or reset. Default 5,000, above 0; `Infinity`: none. */
  readonly connectTimeoutMs?: number;
  /** How long a connection above `min` may be idle before it is closed. Default 600,000, above 0; `Infinity`: for ever. */
  readonly idleTimeoutMs?: number;
  /** How long a connection may live, jittered down by up to 10 %. It is closed once nobody has it. Default 1,800,000, above 0; `Infinity`: for ever. */
  readonly maxLifetimeMs?: number;
  /** An idle connection is validated when it was last known to live this long ago. Default 120,000, above 0; `Infinity`: never. */
  readonly keepaliveMs?: number;
  /** A connection last known to live this long ago is validated before it is lent. Default 1,000; 0: unless it answered this very moment; `Infinity`: never, except after the clock has jumped. */
  readonly validateAfterIdleMs?: number;
  /** Observers are told of a lease that lasts longer. Default 30,000, above 0; `Infinity`: never. */
  readonly leakThresholdMs?: number;
  /**
   * What happens about a lease that lasts longer than `leakThresholdMs`, after observers were told. Default `'report'`: where no observer and no
   * channel hears of it (`leaseOverdue`, `leaseLeaked`), the process warns, once for each place in the code (`OPENLINE_LEAK`). `'reclaim'`: so
   * it does, and the connection is closed under its holder, who gets a {@link LeaseError} for using the lease, and none for ending it; where
   * others share the connection, it is closed when they have ended. A function is called instead, also for a lease that was garbage-collected,
   * and must not throw.
   */
  readonly onLeak?: 'report' | 'reclaim' | ((leak: Leak) => void);
  /** A limit on connections that it shares with other pools. Default none. */
  readonly budget?: Budget | undefined;
  /** Told what happens in the pool. Default none. */
  readonly observers?: readonly PoolObserver<C>[];
  /** Says in the errors of those who wait in vain, or may not wait, why callers wait: `explainer` of `openline/insight`. Default none; the adapters have it. */
  readonly explainer?: Explainer | undefined;
  /** Where time comes from. Default the machine's clock. */
  readonly clock?: Clock;
}

/** {@link PoolOptions} with nothing left open. */
export type ResolvedOptions<C> = Required<Omit<PoolOptions<C>, 'budget' | 'explainer'>> &
  Pick<PoolOptions<C>, 'budget' | 'explainer'>;

const count: NumberRule = { min: 0, infinite: true, integer: true };
const countFromOne: NumberRule = { min: 1, infinite: true, integer: true };
const duration: NumberRule = { min: 0, infinite: true, integer: false };
/** Where 0 has no meaning that everybody would guess, it is refused: `Infinity` says "never", a small number says "soon". */
const finiteDuration: NumberRule = { ...duration, infinite: false };
const durationAboveZero: NumberRule = { min: 1, infinite: true, integer: false };

const numbers = {
  max: [10, countFromOne],
  min: [0, { ...count, infinite: false }],
  maxWaiters: [1000, count],
  maxUses: [Number.POSITIVE_INFINITY, countFromOne],
  acquireTimeoutMs: [30_000, duration],
  connectTimeoutMs: [5_000, durationAboveZero],
  idleTimeoutMs: [600_000, durationAboveZero],
  maxLifetimeMs: [1_800_000, durationAboveZero],
  keepaliveMs: [120_000, durationAboveZero],
  validateAfterIdleMs: [1_000, duration],
  leakThresholdMs: [30_000, durationAboveZero],
} as const satisfies Record<string, readonly [number, NumberRule]>;

type NumberOption = keyof typeof numbers;

/** The names that {@link PoolOptions} knows. */
export const poolOptionNames: readonly string[] = [
  ...Object.keys(numbers),
  'name',
  'onLeak',
  'budget',
  'observers',
  'explainer',
  'clock',
];

let poolsNamed = 0;

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {@link InvalidOptionsError} with every fault.
 */
export function resolveOptions<C>(given: PoolOptions<C> | undefined): ResolvedOptions<C> {
  const givenName = (given as PoolOptions<C> | null | undefined)?.name;
  const name = typeof givenName === 'string' && givenName !== '' ? givenName : `pool-${++poolsNamed}`;
  return checkOptions(name, given);
}

/**
 * {@link resolveOptions} for a pool that is made later.
 *
 * @internal
 * @throws {@link InvalidOptionsError} with every fault.
 */
export function checkOptions<C>(name: string, given: PoolOptions<C> | undefined): ResolvedOptions<C> {
  const checks = new OptionChecks(name, given);
  checks.knownNames(poolOptionNames);
  const resolved = {} as Record<NumberOption, number>;
  for (const option of Object.keys(numbers) as NumberOption[]) {
    const [fallback, rule] = numbers[option];
    resolved[option] = checks.number(option, fallback, rule);
  }
  if (resolved.min > resolved.max) checks.fault('min', `is ${resolved.min}, above max ${resolved.max}`);
  const observers = given?.observers ?? [];
  if (!Array.isArray(observers)) checks.fault('observers', 'is not an array: give [observer]');
  const budget = given?.budget;
  if (budget !== undefined && !(budget instanceof Budget))
    checks.fault('budget', 'is no Budget: give new Budget({ max })');
  const onLeak = given?.onLeak === undefined ? 'report' : given.onLeak;
  if (onLeak !== 'report' && onLeak !== 'reclaim' && typeof onLeak !== 'function')
    checks.fault('onLeak', "is not known: give 'report', 'reclaim' or a function");
  const explainer = given?.explainer;
  if (explainer !== undefined && typeof explainer?.explain !== 'function')
    checks.fault('explainer', 'has no explain(): give explainer of openline/insight');
  const result: ResolvedOptions<C> = {
    ...resolved,
    onLeak,
    name: checks.string('name', name),
    budget,
    observers,
    explainer,
    clock: checks.object<Clock>('clock', systemClock, ['now', 'turnNow', 'wallNow', 'setTimer']),
  };
  checks.done();
  return result;
}

/** The new `max` and `min` of a pool in use, checked like those of a new one. */
export function checkSize(
  poolName: string,
  size: { max?: number; min?: number },
  now: { max: number; min: number },
): { max: number; min: number } {
  const checks = new OptionChecks(poolName, size);
  checks.knownNames(['max', 'min']);
  const max = checks.number('max', now.max, numbers.max[1]);
  const min = checks.number(
    'min',
    size?.max === undefined ? now.min : Math.min(now.min, max),
    numbers.min[1],
  );
  if (min > max) checks.fault('min', `is ${min}, above max ${max}`);
  checks.done();
  return { max, min };
}

/** A deadline in milliseconds from now: 0 and `Infinity` included. */
export function checkTimeout(poolName: string, timeoutMs: unknown): number {
  const checks = new OptionChecks(poolName, { timeoutMs });
  const checked = checks.number('timeoutMs', 0, duration);
  checks.done();
  return checked;
}

/** Checks a deadline for a whole request, and its options. Returns its clock. */
export function checkDeadline(timeoutMs: unknown, options: { readonly clock?: Clock } | undefined): Clock {
  const checks = new OptionChecks('', { ...options, timeoutMs: timeoutMs ?? Number.NaN });
  checks.knownNames(['timeoutMs', 'clock']);
  checks.number('timeoutMs', Number.NaN, { ...durationAboveZero, infinite: false });
  const clock = checks.object<Clock>('clock', systemClock, ['now']);
  checks.done();
  return clock;
}

/** Options of one acquire. */
export interface AcquireOptions {
  /** The deadline of this acquire, in milliseconds from now. Default the pool's `acquireTimeoutMs`; 0: only what can be lent at once; `Infinity`: none. */
  readonly timeoutMs?: number | undefined;
  /** Ends the wait with the signal's own reason. */
  readonly signal?: AbortSignal | undefined;
  /** `'exclusive'` (default): the connection alone; `'shared'`: a share of it, up to the connector's `capacity`. */
  readonly mode?: LeaseMode | undefined;
  /** What a shared lease is wanted for, in the terms of the connector's `place`. */
  readonly claim?: unknown;
  /**
   * How long an exclusive lease is expected to last, in milliseconds. Default: not known. Where shared leases go first (the connector's
   * `sharesFirst`) and are in use, long ones begin a little apart: 0.4 / `max` of this time if that is a millisecond or more, though a connection be idle.
   */
  readonly expectedMs?: number | undefined;
}

/** Checks the options of one acquire. Returns its deadline, if it has one of its own. */
export function checkAcquire(
  poolName: string,
  options: { timeoutMs?: unknown; mode?: unknown; signal?: unknown; expectedMs?: unknown },
): number | undefined {
  const { timeoutMs, mode, expectedMs } = options;
  if (mode !== undefined && mode !== 'exclusive' && mode !== 'shared') {
    throw new InvalidOptionsError(poolName, [
      { option: 'mode', problem: `is not known: give 'exclusive' or 'shared'` },
    ]);
  }
  if (expectedMs !== undefined) {
    const checks = new OptionChecks(poolName, { expectedMs });
    checks.number('expectedMs', 0, finiteDuration);
    checks.done();
  }
  return timeoutMs === undefined ? undefined : checkTimeout(poolName, timeoutMs);
}

const warned = new Set<string>();

/**
 * A duration 500 times below its default looks like seconds: say so, once for each option and value.
 *
 * @internal
 */
export function warnOfSeconds(poolName: string, given: PoolOptions<never>): void {
  for (const option of Object.keys(numbers) as NumberOption[]) {
    const value = given[option];
    const key = `${option}=${value}`;
    if (!option.endsWith('Ms') || option === 'validateAfterIdleMs') continue;
    if (value === undefined || value === 0 || value > numbers[option][0] / 500 || warned.has(key)) continue;
    warned.add(key);
    process.emitWarning(
      `pool "${poolName}": ${option} is ${value} milliseconds, which looks like seconds: write ${value * 1000} if they were meant`,
      { type: 'OpenlineWarning', code: 'OPENLINE_LOOKS_LIKE_SECONDS' },
    );
  }
}
