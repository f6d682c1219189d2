// What the snapshots say in figures: the last seconds against what was usual before them.

import type { HolderInfo } from '../core/index.ts';
import type { Snapshot, Total } from './snapshot.ts';

/** The time that is judged. */
const recentMs = 10_000;
/** A shorter time tells nothing of rates. */
const leastHistoryMs = 500;
/** What is usual must have been seen so often. */
const leastUses = 20;
/** A lease is old when it has lasted so many times what 99 of 100 leases take, and at least so long. */
const oldTimes = 5;
const leastOldMs = 1_000;
/** A connection that takes longer to open is slow. */
const longestUsualConnectMs = 300;
/** A pool opens no connection while it expects one back sooner: growing takes so many times what its opens take together. */
const growthTimes = 3;
/** Callers that wait for longer are more at once than a pool's growth explains. */
const longestGrowthMs = 400;
const none: Total = { count: 0, sumMs: 0 };

/** The figures that causes are judged by. Milliseconds, unless a name says otherwise. */
export interface Evidence {
  readonly last: Snapshot;
  /** How long the time is that is judged. */
  readonly overMs: number;
  /** Were there two snapshots or more? With one alone, the time judged is the pool's whole life, and nothing can be told of changes. */
  readonly hasHistory: boolean;
  /** Acquires that came, a second. */
  readonly arrivalsPerSecond: number;
  /** Leases that began. */
  readonly acquired: number;
  /** Leases that ended. */
  readonly released: number;
  /** Acquires that ended without a connection: at their deadline, or refused by a full queue. */
  readonly failed: number;
  /** But for the first seconds of a pool, where callers waited no longer than its growth made them. */
  readonly meanWaitMs: number;
  /** The mean wait between two snapshots, where it was the longest. */
  readonly worstWaitMs: number;
  /** Callers in the queue, on the average. */
  readonly meanWaiting: number;
  /** The share of the moments looked at, in which somebody waited. */
  readonly waitingShare: number;
  /** Connections leased, on the average. */
  readonly meanLeased: number;
  /** Leases on each of them, on the average: above 1 where connections are shared. */
  readonly leasesEach: number;
  /** The share of `max` that the leases which ended kept busy: nothing between two snapshots is missed. */
  readonly busyShare: number;
  /** The share of the moments in which every connection was leased and somebody waited. */
  readonly fullShare: number;
  /** Of the moments in which somebody waited, the share in which a budget kept the pool from opening. */
  readonly shortShare: number;
  /** The mean of the leases that ended and, by Little's law, of those that did not. */
  readonly useMs: number;
  /** What leases took before; 0 when too few were seen. */
  readonly usualUseMs: number;
  readonly old: OldLeases;
  /** Of the leases that take longer than usual, the share of moments in which the peer was at work on a request; `undefined` where the connector cannot tell. */
  readonly workingShare: number | undefined;
  /** Acquires by callers that held a lease already. */
  readonly nested: number;
  /** How many there were for each lease granted since the first of them was seen: before, nobody looked. */
  readonly nestedShare: number;
  readonly loopShare: number;
  readonly loopLongestMs: number;
  readonly connect: OpenEvidence;
}

/** Leases that have lasted far longer than usual. */
export interface OldLeases {
  readonly fromMs: number;
  /** Those that there are, and that have never been seen to come back or to work: the longest first. */
  readonly now: readonly HolderInfo[];
  /** How many were seen in the time judged. */
  readonly seen: number;
  /** How many of those came back. */
  readonly cameBack: number;
}

export interface OpenEvidence {
  readonly opened: number;
  readonly failed: number;
  readonly refusedAsFull: number;
  /** The mean of those that succeeded and of those that are under way for longer. */
  readonly tookMs: number;
  readonly usualMs: number;
  /** The phase that took most of it. */
  readonly phase: string | undefined;
  readonly phaseMs: number;
  /** The share of the moments in which somebody waited, a connection was being opened, and not every place was leased. */
  readonly awaitedShare: number;
}

/** @param snapshots - of one pool, the oldest first; at least one */
export function evidenceOf(snapshots: readonly Snapshot[]): Evidence {
  const last = snapshots[snapshots.length - 1]!;
  const hasHistory = last.atMs - snapshots[0]!.atMs >= leastHistoryMs;
  const first = hasHistory ? startOfRecent(snapshots, last) : undefined;
  const recent = snapshots.filter(({ atMs }) => atMs > (first?.atMs ?? Number.NEGATIVE_INFINITY));
  const overMs = Math.max(last.atMs - (first?.atMs ?? 0), 1);
  const since = (of: (snapshot: Snapshot) => number): number =>
    of(last) - (first === undefined ? 0 : of(first));
  const acquired = since((s) => s.acquired);
  const released = since((s) => s.use.count);
  const failed = since((s) => s.timedOut + s.refused);
  const arrivals = acquired + failed + since((s) => s.aborted) + since((s) => s.waiting);
  const usual = usualOf(snapshots, first);
  const loopLongestMs = Math.max(...recent.map((s) => s.loop.longestMs));
  const old = oldLeases(recent, usual.longMs, loopLongestMs);
  const settled = first === undefined ? undefined : settledWaits([first, ...recent]);
  const waitMs = since((s) => s.wait.sumMs);
  const leasesEach = sharesOf(recent);
  return {
    last,
    overMs,
    hasHistory,
    arrivalsPerSecond: (Math.max(arrivals, 0) / overMs) * 1000,
    acquired,
    released,
    failed,
    meanWaitMs: settled?.meanMs ?? (acquired === 0 ? 0 : waitMs / acquired),
    worstWaitMs: settled?.worstMs ?? 0,
    meanWaiting: Math.max(
      mean(recent, (s) => s.waiting),
      waitMs / overMs,
    ),
    waitingShare: mean(recent, (s) => (s.waiting > 0 ? 1 : 0)),
    meanLeased: mean(recent, (s) => s.leased),
    leasesEach,
    busyShare: since((s) => s.use.sumMs) / (overMs * last.max * leasesEach),
    fullShare: mean(recent, (s) => (s.waiting > 0 && s.leased >= s.max ? 1 : 0)),
    shortShare: mean(
      recent.filter((s) => s.waiting > 0),
      (s) => (s.shortage === undefined ? 0 : 1),
    ),
    useMs: useOf(
      recent,
      old,
      since((s) => s.use.sumMs),
      released,
      overMs,
    ),
    usualUseMs: usual.useMs,
    old,
    workingShare: workingShare(recent, usual.useMs),
    nested: since((s) => s.nested),
    nestedShare: nestedShare(snapshots, first),
    loopShare: Math.min(recent.reduce((sum, s) => sum + s.loop.blockedMs, 0) / overMs, 1),
    loopLongestMs,
    connect: openEvidence(recent, first, since),
  };
}

/** The snapshot with which the time that is judged begins. */
function startOfRecent(snapshots: readonly Snapshot[], last: Snapshot): Snapshot {
  let start: Snapshot | undefined;
  for (let at = snapshots.length - 2; at >= 0; at--) {
    const ageMs = last.atMs - snapshots[at]!.atMs;
    if (start !== undefined && start.atMs < last.atMs && ageMs > recentMs) break;
    start = snapshots[at]!;
  }
  return start!;
}

/** What leases took before the time that is judged: as early as enough of them were seen, since a trouble may have begun before that time. */
function usualOf(
  snapshots: readonly Snapshot[],
  first: Snapshot | undefined,
): { readonly useMs: number; readonly longMs: number } {
  const before = snapshots.find(({ use }) => use.count >= leastUses);
  const seen = first === undefined ? snapshots[0] : before;
  if (seen === undefined || seen.use.count < leastUses) return { useMs: 0, longMs: 0 };
  // One snapshot alone: the median stands for what was usual, since the mean has the trouble in it.
  const { count, sumMs, p50Ms, p99Ms } = seen.use;
  return first === undefined ? { useMs: p50Ms, longMs: p99Ms } : { useMs: sumMs / count, longMs: p99Ms };
}

function oldLeases(recent: readonly Snapshot[], longMs: number, loopLongestMs: number): OldLeases {
  // While the event loop stands still nobody gives anything back.
  const fromMs = Math.max(longMs * oldTimes, leastOldMs) + loopLongestMs;
  const last = recent[recent.length - 1]!;
  const now = last.holders.filter((holder) => holder.ageMs >= fromMs);
  const known = new Map<number, KnownLease[]>();
  let seen = 0;
  for (const { atMs, holders } of recent) {
    for (const { connectionId, ageMs } of holders) {
      if (ageMs < fromMs) continue;
      const beganMs = atMs - ageMs;
      const its = known.get(connectionId) ?? [];
      const before = nearest(its, beganMs, atMs);
      if (before === undefined) {
        seen++;
        its.push({ beganMs, seenAt: atMs });
      } else {
        before.beganMs = beganMs;
        before.seenAt = atMs;
      }
      known.set(connectionId, its);
    }
  }
  return { fromMs, now, seen, cameBack: seen - now.length };
}

interface KnownLease {
  beganMs: number;
  seenAt: number;
}

/** The lease seen before that began then: ages are taken a moment after the snapshot's, and several leases may share a connection, each of them once in a snapshot. */
function nearest(known: readonly KnownLease[], beganMs: number, atMs: number): KnownLease | undefined {
  let found: KnownLease | undefined;
  let leastMs = leastOldMs / 2;
  for (const lease of known) {
    const apartMs = Math.abs(lease.beganMs - beganMs);
    if (lease.seenAt === atMs || apartMs > leastMs) continue;
    found = lease;
    leastMs = apartMs;
  }
  return found;
}

/** Leases on a connection that is leased, on the average. */
function sharesOf(recent: readonly Snapshot[]): number {
  const leased = mean(recent, (s) => s.leased);
  return leased === 0 ? 1 : Math.max(mean(recent, (s) => s.leases) / leased, 1);
}

function nestedShare(snapshots: readonly Snapshot[], first: Snapshot | undefined): number {
  const last = snapshots[snapshots.length - 1]!;
  const before = first?.nested ?? 0;
  if (last.nested === before) return 0;
  const at = snapshots.findIndex((s) => s.nested > before);
  const from = snapshots[at - 1];
  return (last.nested - before) / Math.max(last.acquired - (from?.acquired ?? 0), 1);
}

/** The waits, second by second, without those that the growth of a new pool explains. */
function settledWaits(snapshots: readonly Snapshot[]): { readonly meanMs: number; readonly worstMs: number } {
  let count = 0;
  let sumMs = 0;
  let worstMs = 0;
  for (let at = 1; at < snapshots.length; at++) {
    const [before, after] = [snapshots[at - 1]!, snapshots[at]!];
    const wait = meanBetween(before.wait, after.wait);
    if (wait.ms <= growthMs(before, after)) continue;
    count += wait.count;
    sumMs += wait.ms * wait.count;
    worstMs = Math.max(worstMs, wait.ms);
  }
  return { meanMs: count === 0 ? 0 : sumMs / count, worstMs };
}

/** How long the first callers of a pool wait while it opens its connections one after the other; 0 where each takes so long that this is a cause of its own. */
function growthMs(before: Snapshot, after: Snapshot): number {
  if (before.use.count >= leastUses) return 0;
  const opens = meanBetween(before.connect, after.connect);
  return opens.ms > longestUsualConnectMs
    ? 0
    : Math.min(opens.ms * opens.count * growthTimes, longestGrowthMs);
}

function meanBetween(before: Total, after: Total): Total & { readonly ms: number } {
  const count = after.count - before.count;
  const sumMs = after.sumMs - before.sumMs;
  return { count, sumMs, ms: count === 0 ? 0 : sumMs / count };
}

/** Little's law, without those that are old and did not come back: they would make the time as long as one looks. */
function useOf(
  recent: readonly Snapshot[],
  old: OldLeases,
  sumMs: number,
  released: number,
  overMs: number,
): number {
  const ended = released === 0 ? 0 : sumMs / released;
  const leased = Math.max(mean(recent, (s) => s.leases) - old.now.length, 0);
  const byLittle = released === 0 ? 0 : (leased * overMs) / released;
  return released < leastUses ? Math.max(ended, byLittle) : ended;
}

function workingShare(recent: readonly Snapshot[], usualMs: number): number | undefined {
  const slow = recent.flatMap(({ holders }) =>
    holders.filter(({ ageMs, working }) => working !== undefined && ageMs > usualMs),
  );
  return slow.length === 0 ? undefined : mean(slow, ({ working }) => (working ? 1 : 0));
}

function openEvidence(
  recent: readonly Snapshot[],
  first: Snapshot | undefined,
  since: (of: (snapshot: Snapshot) => number) => number,
): OpenEvidence {
  const last = recent[recent.length - 1]!;
  const opened = since((s) => s.connect.count);
  const sumMs = since((s) => s.connect.sumMs);
  const underWayMs = Math.max(0, ...recent.flatMap(({ opens }) => opens.map(({ ageMs }) => ageMs)));
  const ended = opened === 0 ? 0 : sumMs / opened;
  const slowest = Object.keys(last.connectPhases)
    .map((name) => ({
      name,
      ms: meanBetween(first?.connectPhases[name] ?? none, last.connectPhases[name]!).ms,
    }))
    .sort((a, b) => b.ms - a.ms)[0];
  const [waitsIn] = recent.flatMap(({ opens }) => opens).sort((a, b) => b.ageMs - a.ageMs);
  const byOpens = underWayMs > ended && waitsIn !== undefined;
  return {
    opened,
    failed: since((s) => s.openFailed),
    refusedAsFull: since((s) => s.refusedAsFull),
    tookMs: Math.max(ended, underWayMs),
    usualMs: first === undefined ? last.connect.p50Ms : first.connect.p50Ms,
    phase: byOpens ? waitsIn.phase : slowest?.name,
    phaseMs: byOpens ? waitsIn.ageMs : (slowest?.ms ?? 0),
    awaitedShare: mean(recent, (s) => (s.waiting > 0 && s.opening > 0 && s.leased < s.max ? 1 : 0)),
  };
}

function mean<T>(items: readonly T[], of: (item: T) => number): number {
  return items.length === 0 ? 0 : items.reduce((sum, item) => sum + of(item), 0) / items.length;
}
