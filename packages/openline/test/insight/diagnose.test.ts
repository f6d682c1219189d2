// The causes, each told from snapshots made by hand.
import { ConnectError } from 'openline';
import { diagnose, type Snapshot } from 'openline/insight';
import { describe, expect, it } from 'vitest';
import { exhausted, history, holders, type Second, usual } from './scene.ts';

const failure = new ConnectError(
  'orders',
  { phase: 'tcp', address: 'db:5432', attempts: 12, tookMs: 3, timedOut: false },
  new Error('connect ECONNREFUSED 10.0.0.5:5432'),
);
const outage = { ageMs: 9_000, attempts: 12, breakerOpen: false, error: failure };

const overload: Second = { acquired: 500, useMs: 20, waitMs: 900, timedOut: 200, now: exhausted(400) };
const slow: Second = { acquired: 50, useMs: 200, waitMs: 900, timedOut: 140, now: exhausted(400) };
/** Eight connections gone since the twelfth second. */
const leaking = (second: number): Second => ({
  acquired: 80,
  useMs: 20,
  waitMs: 500,
  timedOut: 50,
  now: { ...exhausted(100), holders: holders(8, second * 1_000 + 500) },
});

const verdict = (snapshots: readonly Snapshot[]): string => diagnose(snapshots).verdict;
const topTwo = (snapshots: readonly Snapshot[]): string[] =>
  diagnose(snapshots)
    .ranked.slice(0, 2)
    .map(({ cause }) => cause)
    .sort();

describe('diagnose', () => {
  it('finds nothing wrong with a pool that serves at once', () => {
    const { verdict: found, advice, sentence } = diagnose(history(usual));
    expect([found, advice]).toEqual(['healthy', '']);
    expect(sentence).toContain('Nothing is wrong');
  });

  it('finds nothing wrong with a busy pool whose callers wait for a moment', () => {
    expect(
      verdict(history({ acquired: 400, useMs: 20, waitMs: 8, now: { leased: 9, idle: 1, waiting: 1 } })),
    ).toBe('healthy');
  });

  it('calls a pool too small that is busy all the time with leases as short as ever, and says the size', () => {
    const { verdict: found, advice, evidence } = diagnose(history(overload));
    expect(found).toBe('too-small');
    // 700 a second of 20 ms each: 14 at work, 19 with room for chance.
    expect(evidence.join()).toMatch(/7\d\d\/s acquires of 20 ms each/);
    expect(advice).toMatch(/Raise max to about (19|20|21) /);
  });

  it('calls a pool too small whose longer callers became more, though each takes what it always took', () => {
    // By the mean of before, 380 a second would keep 7.6 of 10 connections busy.
    const mixed: Second = { acquired: 380, useMs: 26, waitMs: 400, now: exhausted(150) };
    expect(verdict(history(mixed))).toBe('too-small');
  });

  it('calls it a leak when connections do not come back, with their place, and not too small', () => {
    const { verdict: found, evidence, ranked } = diagnose(history(leaking, 20));
    expect(found).toBe('leak');
    expect(evidence.join()).toContain('8 of 10 connections have not come back');
    expect(evidence.join()).toContain('loadReport (report.js:12:30) (8 times)');
    expect(ranked.map(({ cause }) => cause)).not.toContain('too-small');
  });

  it('does not say what is usual where no lease has come back yet', () => {
    const use = { count: 0, sumMs: 0, p50Ms: 0, p99Ms: 0 };
    const hanging = (second: number): Second => ({
      now: { ...exhausted(10), acquired: 10, holders: holders(10, second * 1_000 + 500, { working: true }) },
    });
    const { ranked } = diagnose(history(hanging, 20).map((snapshot) => ({ ...snapshot, use })));
    const slowUse = ranked.find(({ cause }) => cause === 'slow-use');
    expect(slowUse?.evidence[0]).toMatch(/^leases take [\d.]+ s$/);
  });

  it('knows an old lease again, though its age is taken a moment after the second is over', () => {
    const late = (second: number): Second => ({
      ...leaking(second),
      now: { ...exhausted(100), holders: holders(8, second * 1_000 + 500 + (second % 2) * 9) },
    });
    const { ranked } = diagnose(history(late, 20));
    expect(ranked.find(({ cause }) => cause === 'leak')?.score).toBe(1);
  });

  it('does not take the callers of what a leak has left for a herd', () => {
    const half = (second: number): Second => ({
      acquired: 80,
      useMs: 20,
      waitMs: 300,
      now: { ...exhausted(10), holders: holders(5, second * 1_000 + 500) },
    });
    expect(diagnose(history(half, 20)).ranked.map(({ cause }) => cause)).toEqual(['leak']);
  });

  it('sees a leak behind an event loop that makes all leases old', () => {
    const standing = (second: number): Second => ({
      acquired: 60,
      useMs: 20,
      waitMs: 500,
      now: {
        loop: { blockedMs: 800, longestMs: 1_600 },
        // Five never come back; the others are just as old, and do.
        holders: [
          ...holders(5, second * 1_000 + 500),
          ...holders(5, 1_300).map((holder) => ({ ...holder, connectionId: holder.connectionId + 5 })),
        ],
        ...exhausted(10),
      },
    });
    expect(topTwo(history(standing, 20))).toEqual(['event-loop-blocked', 'leak']);
  });

  it('finds nothing wrong with the first callers of a pool, who waited while it opened its connections', () => {
    const [well] = history(usual, 0) as [Snapshot];
    const empty: Snapshot = {
      ...well,
      acquired: 0,
      wait: { count: 0, sumMs: 0 },
      use: { count: 0, sumMs: 0, p50Ms: 0, p99Ms: 0 },
      connect: { count: 0, sumMs: 0, p50Ms: 0 },
    };
    const life = (opened: number): Snapshot[] => {
      const snapshots = [empty];
      for (let second = 1; second <= 4; second++) {
        const acquired = second * 150;
        snapshots.push({
          ...empty,
          atMs: empty.atMs + second * 1_000,
          leased: 5,
          acquired,
          wait: { count: acquired, sumMs: 150 * 300 },
          use: { count: acquired, sumMs: acquired * 20, p50Ms: 18, p99Ms: 60 },
          connect: { count: opened, sumMs: opened * 40, p50Ms: 40 },
        });
      }
      return snapshots;
    };
    expect(verdict(life(8))).toBe('healthy');
    expect(verdict(life(1)), 'one connection does not explain it').not.toBe('healthy');
  });

  it('takes old leases at which the server is at work for slow use', () => {
    const stuck = (second: number): Second => {
      const { now, ...rest } = leaking(second);
      return { ...rest, now: { ...now, holders: holders(8, second * 1_000 + 500, { working: true }) } };
    };
    const { verdict: found, advice } = diagnose(history(stuck, 20));
    expect(found).toBe('slow-use');
    expect(advice).toContain('Look at the server');
  });

  it.each([
    [true, 'Look at the server'],
    [false, 'Do slow work before the acquire'],
    [undefined, 'Find out what the holders wait for'],
  ])('says of slow use whether the server is at work: %s', (working, what) => {
    const {
      verdict: found,
      advice,
      evidence,
    } = diagnose(history({ ...slow, now: { ...exhausted(400), holders: holders(10, 150, { working }) } }));
    expect(found).toBe('slow-use');
    expect(advice).toContain(what);
    expect(evidence[0]).toBe('leases take 200 ms, usually 20 ms');
  });

  it('calls it nested when those who hold a connection wait for another', () => {
    expect(verdict(history({ ...slow, nested: 50 }))).toBe('nested-acquire');
  });

  it('calls it nested though the first seconds went by before callers were marked', () => {
    const stuck: Second = { acquired: 3, useMs: 1_500, waitMs: 900, timedOut: 40, now: exhausted(40) };
    const seconds = (second: number): Second =>
      second < 3 ? { acquired: 150, useMs: 20, waitMs: 5 } : second < 6 ? stuck : { ...stuck, nested: 2 };
    expect(verdict(history(seconds, 8))).toBe('nested-acquire');
  });

  it('does not believe in nesting where the server is at work for those who hold', () => {
    const busy: Second = {
      ...slow,
      nested: 40,
      now: { ...exhausted(400), holders: holders(10, 150, { working: true }) },
    };
    expect(verdict(history(busy))).toBe('slow-use');
    const idle: Second = {
      ...busy,
      now: { ...exhausted(400), holders: holders(10, 150, { working: false }) },
    };
    expect(verdict(history(idle))).toBe('nested-acquire');
  });

  it('does not believe in nesting where connections never come back', () => {
    expect(verdict(history((second) => ({ ...leaking(second), nested: 60 }), 20))).toBe('leak');
  });

  it('blames the event loop when that stands still', () => {
    const loop = { blockedMs: 500, longestMs: 250 };
    const { verdict: found, evidence } = diagnose(history({ ...slow, now: { ...exhausted(400), loop } }));
    expect(found).toBe('event-loop-blocked');
    expect(evidence[0]).toContain('50 %');
  });

  it('says what failed when the server cannot be reached', () => {
    const { verdict: found, evidence } = diagnose(
      history({
        timedOut: 200,
        openFailed: 2,
        now: { size: 0, idle: 0, leased: 0, waiting: 100, outage },
      }),
    );
    expect(found).toBe('server-unreachable');
    expect(evidence.join()).toContain('in the phase tcp: connect ECONNREFUSED 10.0.0.5:5432');
  });

  it('calls the server full when that is why it refuses', () => {
    const now = { size: 4, idle: 0, leased: 4, waiting: 50 };
    expect(
      verdict(history({ acquired: 200, useMs: 20, waitMs: 500, openFailed: 1, refusedAsFull: 1, now })),
    ).toBe('server-full');
  });

  it('calls it full, and not out of reach, where the pool has no connection at all', () => {
    const now = { size: 0, idle: 0, leased: 0, waiting: 50, outage };
    const { ranked } = diagnose(history({ timedOut: 50, openFailed: 1, refusedAsFull: 1, now }));
    expect(ranked.map(({ cause }) => cause)).toEqual(['server-full']);
  });

  it('names the phase that makes connects slow', () => {
    const now: Partial<Snapshot> = {
      size: 10,
      idle: 0,
      leased: 3,
      opening: 7,
      waiting: 60,
      opens: [{ ageMs: 300, phase: 'tls', address: 'db:5432' }],
    };
    const { verdict: found, evidence } = diagnose(
      history({ acquired: 100, useMs: 20, waitMs: 600, opened: 7, connectMs: 1_000, now }),
    );
    expect(found).toBe('connects-slow');
    expect(evidence.join()).toContain('800 ms of it in the phase tls');
  });

  it('calls it a herd when callers wait in a pool that is idle most of the time', () => {
    const burst = (second: number): Second =>
      second % 4 === 0
        ? { acquired: 200, useMs: 20, waitMs: 200, now: exhausted(90) }
        : { acquired: 5, useMs: 20, now: { leased: 0, idle: 10 } };
    expect(verdict(history(burst))).toBe('thundering-herd');
  });

  it('is unsure, with what it measured, when callers suffer and nothing stands out', () => {
    const { verdict: found, sentence } = diagnose(
      history({ acquired: 200, useMs: 20, waitMs: 10, timedOut: 3 }),
    );
    expect(found).toBe('unsure');
    expect(sentence).toContain('nothing that was measured explains it');
    expect(sentence).toContain('acquires failed');
  });

  it('ranks both of two causes first', () => {
    const both = (second: number): Second => ({
      ...slow,
      now: { ...exhausted(300), holders: holders(6, second * 1_000 + 500) },
    });
    expect(topTwo(history(both, 20))).toEqual(['leak', 'slow-use']);
    const fullToo = (second: number): Second => ({ ...leaking(second), refusedAsFull: 1, openFailed: 1 });
    expect(topTwo(history(fullToo, 20))).toEqual(['leak', 'server-full']);
  });

  it('tells a leak and an outage from one snapshot alone', () => {
    const [leaked] = history(leaking, 20).slice(-1);
    expect(verdict([leaked!])).toBe('leak');
    const [gone] = history({
      timedOut: 200,
      openFailed: 2,
      now: { size: 0, idle: 0, leased: 0, waiting: 9, outage },
    }).slice(-1);
    expect(verdict([gone!])).toBe('server-unreachable');
  });

  it('blames no size by one snapshot alone', () => {
    const [full] = history(overload).slice(-1);
    expect(verdict([full!])).toBe('unsure');
  });

  it('refuses to judge nothing', () => {
    expect(() => diagnose([])).toThrow(RangeError);
  });
});
