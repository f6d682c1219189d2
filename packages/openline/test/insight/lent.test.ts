// What is lent is judged for what it is: on purpose for long, shared by several leases, or bound by a budget.
import type { HolderInfo } from 'openline';
import { diagnose, type Snapshot } from 'openline/insight';
import { describe, expect, it } from 'vitest';
import { exhausted, history, holders, type Second, usual } from './scene.ts';

const shortage = { max: 256, otherPools: 3, inOtherPools: 254 };
const causes = (snapshots: readonly Snapshot[]): string[] =>
  diagnose(snapshots).ranked.map(({ cause }) => cause);

describe('what is lent for long on purpose', () => {
  const streams = (second: number): Second => ({
    ...usual,
    now: { holders: holders(5, second * 1_000 + 500, { kept: true }) },
  });

  it('is no leak', () => {
    expect(diagnose(history(streams, 20)).verdict).toBe('healthy');
    expect(causes(history(streams, 20))).not.toContain('leak');
  });

  it('hides no leak beside it', () => {
    const both = (second: number): Second => {
      const ageMs = second * 1_000 + 500;
      const gone = holders(5, ageMs).map((holder) => ({ ...holder, connectionId: holder.connectionId + 5 }));
      return { ...usual, now: { holders: [...holders(5, ageMs, { kept: true }), ...gone] } };
    };
    expect(diagnose(history(both, 20)).evidence[0]).toContain('5 of 10 connections have not come back');
  });

  it('is slow where somebody waits, and says nothing of usual leases where there were none', () => {
    const [well] = history(usual, 0) as [Snapshot];
    const use = { count: 0, sumMs: 0, p50Ms: 0, p99Ms: 0 };
    const young = (second: number): Snapshot => ({
      ...well,
      ...exhausted(20),
      leases: 10,
      atMs: well.atMs + second * 1_000,
      acquired: 10,
      timedOut: second,
      wait: { count: 10, sumMs: 0 },
      use,
      holders: holders(10, second * 1_000, { kept: true }),
    });
    const { verdict, evidence } = diagnose([1, 2, 3, 4, 5, 6].map(young));
    expect(verdict).toBe('slow-use');
    expect(evidence[0]).toBe('leases take 6 s');
  });
});

describe('connections that are shared', () => {
  const leases = 1_000;

  it('are counted as connections where the pool is too small', () => {
    const streams: Second = {
      acquired: 50_000,
      useMs: 20,
      waitMs: 900,
      timedOut: 200,
      now: { ...exhausted(400), leases },
    };
    const { verdict, evidence, advice } = diagnose(history(streams));
    expect(verdict).toBe('too-small');
    expect(evidence[1]).toContain('keep 10.0 connections busy');
    expect(advice).toContain('Raise max to about 14');
  });

  it('are counted as connections where leases do not come back', () => {
    const onOne = (ageMs: number): HolderInfo[] =>
      holders(5, ageMs, { mode: 'shared' }).map((holder) => ({ ...holder, connectionId: 1 }));
    const lost = (second: number): Second => ({ ...usual, now: { holders: onOne(second * 1_000 + 500) } });
    const leak = diagnose(history(lost, 20)).ranked.find(({ cause }) => cause === 'leak');
    expect(leak?.score ?? 0).toBeLessThan(0.5);
  });

  it('leak, though the leases that share one began at different times', () => {
    const lost = (second: number): Second => ({
      ...usual,
      now: {
        holders: holders(10, second * 1_000 + 500).map((holder, at) => ({
          ...holder,
          connectionId: 1 + Math.floor(at / 2),
          ageMs: holder.ageMs + (at % 2) * 5_000,
        })),
      },
    });
    const { ranked } = diagnose(history(lost, 20));
    expect(ranked.find(({ cause }) => cause === 'leak')?.score).toBe(1);
  });
});

describe('a shared budget that is full', () => {
  const now: Partial<Snapshot> = { size: 2, idle: 0, leased: 2, waiting: 30, shortage };
  const bound: Second = { acquired: 100, useMs: 20, waitMs: 600, timedOut: 20, now };

  it('is said in place of a herd, with what to do', () => {
    const { sentence, ranked } = diagnose(history(bound));
    expect(ranked.map(({ cause }) => cause)).not.toContain('thundering-herd');
    expect(sentence).toContain('the shared budget is full, 256 of 256');
    const justNow = history({ ...bound, now: { ...now, shortage: undefined } });
    const last = { ...justNow.at(-1)!, shortage };
    expect(causes([...justNow.slice(0, -1), last]), 'since a moment ago').toEqual([]);
    expect(sentence).toMatch(/raise the budget's max if the servers allow it\.$/);
    const { shortage: _none, ...free } = now;
    expect(diagnose(history({ ...bound, now: free })).verdict, 'without it').toBe('thundering-herd');
  });
});

it('tells a pool without a limit of its own in plain figures', () => {
  const limitless: Second = { ...usual, now: { max: Number.POSITIVE_INFINITY } };
  const { evidence } = diagnose(history(limitless));
  expect(evidence[0]).toBe('4.0 connections leased on the average');
});
