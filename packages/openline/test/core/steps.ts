// Random schedules: what can happen to a pool, in any order.

import fc from 'fast-check';
import type { LeaseMode } from 'openline';
import type { FakeStep, FakeStepName } from 'openline/testing';

/** How one schedule is set up. */
export interface Setting {
  readonly seed: number;
  readonly max: number;
  readonly min: number;
  readonly capacity: number;
  readonly sharesFirst: boolean;
  readonly reusableForMs: number | undefined;
  /** Whether an observer is told of each lease. */
  readonly watched: boolean;
  readonly acquireTimeoutMs: number;
  readonly validateAfterIdleMs: number;
  readonly open: FakeStep;
  readonly validate: FakeStep | 'none';
  readonly reset: FakeStep | 'none';
  readonly close: FakeStep;
}

const scripted = fc.constantFrom<FakeStep>('ok', 'ok', 'slow', 'never', 'fail');

export const settings: fc.Arbitrary<Setting> = fc
  .record({
    seed: fc.nat(),
    max: fc.integer({ min: 1, max: 4 }),
    min: fc.integer({ min: 0, max: 2 }),
    capacity: fc.integer({ min: 1, max: 3 }),
    sharesFirst: fc.boolean(),
    watched: fc.boolean(),
    reusableForMs: fc.constantFrom(undefined, undefined, undefined, 0, 40, 2_000),
    acquireTimeoutMs: fc.constantFrom(300, 3_000, Number.POSITIVE_INFINITY),
    validateAfterIdleMs: fc.constantFrom(0, 50, 1_000),
    open: scripted,
    validate: fc.oneof(scripted, fc.constant('none' as const)),
    reset: fc.constantFrom<FakeStep | 'none'>('none', 'none', 'ok', 'slow', 'never', 'fail'),
    close: fc.constantFrom<FakeStep>('ok', 'ok', 'slow', 'never', 'fail'),
  })
  .map((setting) => ({ ...setting, min: Math.min(setting.min, setting.max) }));

/** One thing that happens. Numbers that choose among what is there wrap around. */
export type Step =
  | {
      readonly do: 'acquire';
      readonly mode: LeaseMode;
      readonly timeoutMs: number | undefined;
      readonly expectedMs: number | undefined;
      readonly aborts: boolean;
    }
  | { readonly do: 'tryAcquire'; readonly mode: LeaseMode }
  | {
      readonly do: 'release' | 'discard' | 'detach' | 'abort' | 'endTwice' | 'lose' | 'retire' | 'busy';
      readonly which: number;
    }
  | { readonly do: 'capacity'; readonly which: number; readonly capacity: number }
  | { readonly do: 'gate'; readonly step: FakeStepName; readonly which: number; readonly succeeds: boolean }
  | { readonly do: 'script'; readonly step: FakeStepName; readonly as: FakeStep }
  | { readonly do: 'advance' | 'freeze'; readonly ms: number }
  | { readonly do: 'resize'; readonly max: number; readonly min: number }
  | { readonly do: 'refresh'; readonly immediate: boolean }
  | { readonly do: 'warm'; readonly n: number }
  | { readonly do: 'close'; readonly timeoutMs: number }
  | { readonly do: 'suspend' | 'resume' };

const which = fc.nat({ max: 7 });
const mode = fc.constantFrom<LeaseMode>('exclusive', 'exclusive', 'shared');
const stepName = fc.constantFrom<FakeStepName>('open', 'validate', 'reset', 'close');
const does = <const Name extends string>(...names: Name[]): fc.Arbitrary<Name> => fc.constantFrom(...names);

/** Steps, and whether promises settle after each: without that, several happen in one turn. */
export const steps: fc.Arbitrary<[Step, boolean][]> = fc.array(
  fc.tuple(
    fc.oneof(
      {
        weight: 9,
        arbitrary: fc.record({
          do: does('acquire'),
          mode,
          timeoutMs: fc.constantFrom(undefined, undefined, 0, 1, 20, 100, 500),
          expectedMs: fc.constantFrom(undefined, undefined, 0, 30, 500),
          aborts: fc.boolean(),
        }),
      },
      { weight: 1, arbitrary: fc.record({ do: does('tryAcquire'), mode }) },
      { weight: 8, arbitrary: fc.record({ do: does('release', 'release', 'release', 'discard'), which }) },
      {
        weight: 3,
        arbitrary: fc.record({ do: does('abort', 'endTwice', 'lose', 'retire', 'busy', 'detach'), which }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ do: does('capacity'), which, capacity: fc.integer({ min: 0, max: 3 }) }),
      },
      {
        weight: 6,
        arbitrary: fc.record({
          do: does('gate'),
          step: stepName,
          which,
          succeeds: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.constant(false)),
        }),
      },
      { weight: 2, arbitrary: fc.record({ do: does('script'), step: stepName, as: scripted }) },
      {
        weight: 7,
        arbitrary: fc.record({
          do: does('advance'),
          ms: fc.constantFrom(0, 1, 10, 50, 100, 300, 1_100, 6_000),
        }),
      },
      { weight: 1, arbitrary: fc.record({ do: does('freeze'), ms: fc.constantFrom(50, 3_500, 100_000) }) },
      {
        weight: 1,
        arbitrary: fc
          .record({
            do: does('resize'),
            max: fc.integer({ min: 1, max: 4 }),
            min: fc.integer({ min: 0, max: 4 }),
          })
          .map((size) => ({ ...size, min: Math.min(size.min, size.max) })),
      },
      { weight: 1, arbitrary: fc.record({ do: does('refresh'), immediate: fc.boolean() }) },
      { weight: 1, arbitrary: fc.record({ do: does('warm'), n: fc.integer({ min: 0, max: 4 }) }) },
      { weight: 1, arbitrary: fc.record({ do: does('suspend', 'resume', 'resume') }) },
      { weight: 1, arbitrary: fc.record({ do: does('close'), timeoutMs: fc.constantFrom(0, 50, 5_000) }) },
    ),
    fc.boolean(),
  ),
  { maxLength: 24, size: 'max' },
);
