// The two sets of limits that every fault is played with.

/** Limits in milliseconds; what is missing stays at each contender's default. */
export interface Limits {
  readonly name: LimitsName;
  readonly acquireMs: number;
  readonly readMs?: number;
  readonly connectMs?: number;
  /** How long a call may stay unanswered after the callers have stopped, before it is said to hang. */
  readonly patienceMs: number;
}

export type LimitsName = 'long' | 'short';

export const limitSets: readonly Limits[] = [
  { name: 'long', acquireMs: 15_000, patienceMs: 60_000 },
  { name: 'short', acquireMs: 2_000, readMs: 1_000, connectMs: 1_000, patienceMs: 20_000 },
];
