// The bench of planted causes on real servers: what it will play, that it plays it, and the form of what it tells. Who was named is its figure, not a test's.
import { describe, expect, it } from 'vitest';
import { causes } from '../src/diagnosis/real/causes.ts';
import { tasksOf } from '../src/diagnosis/real/crew.ts';
import { healthyPlants } from '../src/diagnosis/real/healthy.ts';
import { mixtures } from '../src/diagnosis/real/mixtures.ts';
import { plantsOf } from '../src/diagnosis/real/play.ts';
import type { Tally } from '../src/diagnosis/tally.ts';
import { PATIENCE_MS, runDiagnose } from './run.ts';

const kinds = [...new Set(causes.map(({ cause }) => cause))];

describe('what is planted on real servers', () => {
  it('is each of nine causes in three ways or more', () => {
    expect(kinds.length).toBe(9);
    for (const kind of kinds)
      expect(causes.filter(({ cause }) => cause === kind).length, kind).toBeGreaterThanOrEqual(3);
  });

  it('comes in every variant, as do healthy services and pairs', () => {
    const seeds = Array.from({ length: 180 }, (_, seed) => seed);
    const met = (kind: Parameters<typeof plantsOf>[1]) =>
      new Set(
        seeds.flatMap((seed) =>
          plantsOf(seed, kind)
            .map(({ variant }) => variant)
            .join(),
        ),
      );
    expect(met('planted').size).toBe(causes.length);
    expect(met('healthy').size).toBe(healthyPlants.length);
    expect(met('mixed').size).toBe(mixtures.length + 1);
    for (const kind of kinds)
      expect(seeds.filter((seed) => plantsOf(seed, 'planted')[0]!.cause === kind).length, kind).toBe(20);
  });

  it('is one cause and one healthy service for a seed, and a pair for every second', () => {
    const tasks = tasksOf(10, 4);
    expect(tasks.map(({ seed, kind }) => `${seed} ${kind}`)).toEqual(
      [10, 11, 12, 13].flatMap((seed) => [
        `${seed} planted`,
        `${seed} healthy`,
        ...(seed % 2 === 0 ? [`${seed} mixed`] : []),
      ]),
    );
  });
});

describe('npm run diagnose', () => {
  it(
    'plays services on real servers to their end, and counts each answer once',
    async () => {
      const { code, stdout, stderr } = await runDiagnose(
        '--from',
        '1',
        '--seeds',
        '3',
        '--times',
        '1',
        '--json',
      );
      expect(code, stderr).toBe(0);
      const tally = JSON.parse(stdout) as Tally;
      expect(tally).toMatchObject({ planted: 3, healthy: 3, mixtures: 1, failed: 0 });
      const rows = Object.values(tally.confusion).map((row) => Object.values(row));
      expect(rows.flat().reduce((sum, runs) => sum + runs, 0)).toBe(6);
      expect(Object.keys(tally.confusion).sort()).toEqual(
        ['healthy', ...[1, 2, 3].map((seed) => kinds[seed % kinds.length])].sort(),
      );
      expect(tally.named + tally.unsure).toBeLessThanOrEqual(tally.planted);
      expect(tally.topTwoRight).toBeLessThanOrEqual(tally.mixtures);
      expect(tally.firstErrorsRight).toBeLessThanOrEqual(tally.firstErrors);
      expect(tally.wrong.length).toBe(7 - tally.named - (3 - tally.falseAlarms) - tally.topTwoRight);
      expect(stderr).toContain('7 of 7 runs');
    },
    PATIENCE_MS,
  );

  it('prints the table for people, with a column for doubts', async () => {
    const { code, stdout, stderr } = await runDiagnose('--simulated', '--from', '1', '--seeds', '1');
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^Planted causes, simulated servers, seeds 1 to 1 \(used while building\)\n/);
    expect(stdout).toMatch(/planted.*healthy.*unsure/);
    for (const line of ['named rightly', 'unsure', 'false alarms', 'size blamed for leak'])
      expect(stdout).toMatch(new RegExp(`^${line}`, 'm'));
  });

  it('plays one cause alone where it is asked to', () => {
    expect(tasksOf(1, 18, 'leak').map(({ seed, kind }) => [seed % 9, kind])).toEqual([
      [1, 'planted'],
      [1, 'planted'],
    ]);
  });

  it('keeps no figures of simulated servers', async () => {
    const { code, stderr } = await runDiagnose('--simulated', '--save');
    expect(code).toBe(2);
    expect(stderr).toContain('not with --simulated');
  });
});
