// Snapshots made by hand: a pool that is well, and what one changes of it.
import type { HolderInfo } from 'openline';
import type { Snapshot } from 'openline/insight';

/** What a second of a pool's life adds. */
export interface Second {
  readonly acquired?: number;
  readonly useMs?: number;
  readonly waitMs?: number;
  readonly timedOut?: number;
  readonly nested?: number;
  readonly refusedAsFull?: number;
  readonly openFailed?: number;
  readonly opened?: number;
  readonly connectMs?: number;
  /** The state at the end of the second. */
  readonly now?: Partial<Snapshot>;
}

const wellAtStart: Snapshot = {
  poolName: 'orders',
  atMs: 100_000,
  max: 10,
  size: 10,
  idle: 6,
  leased: 4,
  leases: 4,
  opening: 0,
  validating: 0,
  resetting: 0,
  closing: 0,
  detached: 0,
  waiting: 0,
  acquired: 10_000,
  timedOut: 0,
  aborted: 0,
  refused: 0,
  openFailed: 0,
  refusedAsFull: 0,
  nested: 0,
  wait: { count: 10_000, sumMs: 0 },
  use: { count: 9_996, sumMs: 199_920, p50Ms: 18, p99Ms: 60 },
  connect: { count: 10, sumMs: 200, p50Ms: 20 },
  connectPhases: { tls: { count: 10, sumMs: 100 } },
  opens: [],
  outage: undefined,
  shortage: undefined,
  holders: [],
  loop: { blockedMs: 0, longestMs: 0 },
};

/** A second in which 200 callers come and use a connection for 20 ms each. */
export const usual: Second = { acquired: 200, useMs: 20, waitMs: 0 };

/** Twelve usual seconds, and then such ones. */
export function history(then: Second | ((second: number) => Second), seconds = 12): Snapshot[] {
  const snapshots = [wellAtStart];
  for (let second = 0; second < 12; second++) snapshots.push(after(snapshots.at(-1)!, usual));
  for (let second = 0; second < seconds; second++)
    snapshots.push(after(snapshots.at(-1)!, typeof then === 'function' ? then(second) : then));
  return snapshots;
}

function after(before: Snapshot, second: Second): Snapshot {
  const { acquired = 0, useMs = 0, waitMs = 0, opened = 0, connectMs = 0 } = second;
  const plus = (key: 'timedOut' | 'nested' | 'refusedAsFull' | 'openFailed'): number =>
    before[key] + (second[key] ?? 0);
  const tls = before.connectPhases['tls']!;
  return {
    ...wellAtStart,
    atMs: before.atMs + 1_000,
    leases: second.now?.leased ?? wellAtStart.leased,
    acquired: before.acquired + acquired,
    timedOut: plus('timedOut'),
    nested: plus('nested'),
    refusedAsFull: plus('refusedAsFull'),
    openFailed: plus('openFailed'),
    wait: { count: before.wait.count + acquired, sumMs: before.wait.sumMs + acquired * waitMs },
    use: {
      ...before.use,
      count: before.use.count + acquired,
      sumMs: before.use.sumMs + acquired * useMs,
    },
    connect: {
      ...before.connect,
      count: before.connect.count + opened,
      sumMs: before.connect.sumMs + opened * connectMs,
    },
    connectPhases: {
      tls: { count: tls.count + opened, sumMs: tls.sumMs + opened * connectMs * 0.8 },
    },
    ...second.now,
  };
}

export const holders = (count: number, ageMs: number, more: Partial<HolderInfo> = {}): HolderInfo[] =>
  Array.from({ length: count }, (_, at) => ({
    connectionId: at + 1,
    ageMs: ageMs + at,
    mode: 'exclusive',
    place: 'loadReport (report.js:12:30)',
    ...more,
  }));

/** Every connection leased, and so many wait. */
export const exhausted = (waiting: number): Partial<Snapshot> => ({ leased: 10, idle: 0, waiting });
