// The bench of planted causes: it plays what it says, and counts right and wrong answers apart.
import { describe, expect, it } from 'vitest';
import { causes } from '../src/diagnosis/causes.ts';
import { healthyPlants } from '../src/diagnosis/healthy.ts';
import { plantsOf, play } from '../src/diagnosis/play.ts';
import type { Run } from '../src/diagnosis/run.ts';
import { beginnings, firstCauseOf } from '../src/diagnosis/said.ts';
import { tally } from '../src/diagnosis/tally.ts';

const kinds = [...new Set(causes.map(({ cause }) => cause))];

const run = (planted: Run['planted'], verdict: string, ranked: readonly string[] = [], more = {}): Run =>
  ({
    seed: 1,
    planted,
    variant: 'any',
    diagnosis: { verdict, sentence: '', ranked: ranked.map((cause) => ({ cause, score: 1 })) },
    ...more,
  }) as unknown as Run;

describe('the bench of planted causes', () => {
  it('plants each of nine causes in three ways or more', () => {
    expect(kinds.length).toBe(9);
    for (const kind of kinds)
      expect(causes.filter(({ cause }) => cause === kind).length, kind).toBeGreaterThanOrEqual(3);
  });

  it('plays every cause as often as the others, and one healthy run for each', () => {
    const seeds = Array.from({ length: 90 }, (_, seed) => plantsOf(seed));
    for (const kind of kinds) expect(seeds.filter(({ planted }) => planted.cause === kind).length).toBe(10);
    expect(new Set(seeds.map(({ healthy }) => healthy)).size).toBe(healthyPlants.length);
  });

  it.each(kinds)('has the planted cause named for the first seed that plants it: %s', async (kind) => {
    const seed = Array.from({ length: 9 }, (_, at) => at + 1).find(
      (at) => plantsOf(at).planted.cause === kind,
    )!;
    const { diagnosis } = await play(seed, [plantsOf(seed).planted]);
    expect(diagnosis.verdict).toBe(kind);
    expect(firstCauseOf(diagnosis.sentence), 'as an error would be read').toBe(kind);
  });

  it.each(healthyPlants)('hears that nothing is wrong where nothing is: $variant', async (plant) => {
    expect((await play(1, [plant])).diagnosis.verdict).toBe('healthy');
  });

  it('counts names, doubts, false alarms and sizes blamed for leaks', () => {
    const { wrong, confusion, ...counts } = tally([
      run(['leak'], 'leak', [], { firstError: 'leak' }),
      run(['leak'], 'too-small', [], { firstError: 'unsure' }),
      run(['slow-use'], 'unsure'),
      run(['healthy'], 'healthy'),
      run(['healthy'], 'leak'),
      run(['leak', 'slow-use'], 'slow-use', ['slow-use', 'leak']),
      run(['leak', 'slow-use'], 'slow-use', ['slow-use', 'too-small', 'leak']),
      run(['server-full'], '', [], { diagnosis: undefined, failure: 'its process ended with 1' }),
    ]);
    expect(counts).toEqual({
      planted: 4,
      named: 1,
      unsure: 1,
      healthy: 2,
      falseAlarms: 1,
      sizeBlamedForLeak: 1,
      mixtures: 2,
      topTwoRight: 1,
      firstErrors: 2,
      firstErrorsRight: 1,
      firstErrorsSaid: { leak: { leak: 1, unsure: 1 } },
      repeated: 0,
      failed: 1,
    });
    expect(confusion['leak']).toEqual({ leak: 1, 'too-small': 1 });
    expect(confusion['server-full']).toEqual({ failed: 1 });
    expect(wrong.length).toBe(5);
  });

  it('reads off the message of an error which cause it names', () => {
    expect(Object.keys(beginnings).sort()).toEqual([...kinds, 'unsure'].sort());
    expect(firstCauseOf(undefined)).toBe('nothing');
    expect(() => firstCauseOf('All is well.')).toThrow('All is well.');
  });
});
