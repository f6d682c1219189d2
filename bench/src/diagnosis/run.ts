// One run that was played, whether with simulated servers or real ones.

import type { Cause, Diagnosis } from 'openline/insight';

export interface Run {
  readonly seed: number;
  readonly planted: readonly (Cause | 'healthy')[];
  readonly variant: string;
  /** What was said at the end; `undefined` where the run itself failed. */
  readonly diagnosis: Diagnosis | undefined;
  /** The share of the time in which its process waited for a core of the machine. */
  readonly disturbedShare?: number;
  /** How often it was played: again where the machine had no time for it. */
  readonly times?: number;
  /** How the run itself failed. */
  readonly failure?: string;
  /** What the first error of an acquire timeout named; missing where no acquire timed out. */
  readonly firstError?: Said;
}

/** A cause that an error names, or that it is not sure, or nothing. */
export type Said = Cause | 'unsure' | 'nothing';
