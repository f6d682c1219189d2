// What is wrong with the pools: those that somebody looks at closely or that show signs are watched while somebody looks, as many as stay cheap.

import type { Clock, PoolStatus, TimerHandle } from '../core/index.ts';
import { type DiagnosablePool, diagnose, type Snapshot, snapshotOf } from '../insight/index.ts';
import { type Diagnoses, urgencyOf, warn } from './diagnoses.ts';
import { findingOf } from './findings.ts';
import type { FindingRow } from './frames.ts';
import { LoopDelays } from './loop-delays.ts';
import type { VisiblePool } from './visible.ts';

/** The diagnosis wants snapshots about a second apart, and judges the last ten seconds against those before. */
const everyMs = 1_000;
const kept = 60;
/** A snapshot and a diagnosis take 0.5 ms where they are as rare as here: so many a second cost about 0.4 % of a core. */
const mostWatched = 8;
/** So long a pool is watched before it must make room for another. */
const settledMs = 15_000;
/** So long after the last sign it is watched on, where there is room: what comes back soon is told with its history. */
const quietForMs = 60_000;
/** As urgent as so many callers that wait. */
const leakUrgency = 1_000;

/** One pool as it was seen. */
interface Case {
  readonly pool: DiagnosablePool;
  before: PoolStatus | undefined;
  isLookedAt: boolean;
  /** How much it needs a watch; 0: nothing is to be seen. */
  urgency: number;
  signAt: number;
  /** When the last watch began. */
  startedAt: number;
  /** Only while it is watched. */
  snapshots: Snapshot[] | undefined;
  finding: FindingRow | null;
}

/** The diagnosis of `openline/insight`. */
export class Watches implements Diagnoses {
  readonly #clock: Clock;
  readonly #hasLeaked: (poolName: string) => boolean;
  #cases = new WeakMap<VisiblePool, Case>();
  readonly #seen = new Set<Case>();
  #watched: readonly Case[] = [];
  #delays: LoopDelays | undefined;
  #timer: TimerHandle | undefined;
  #hasWarned = false;

  /** @param hasLeaked - was a lease of this pool told of as overdue or lost, not long ago? */
  constructor(clock: Clock, hasLeaked: (poolName: string) => boolean) {
    this.#clock = clock;
    this.#hasLeaked = hasLeaked;
  }

  see(pool: VisiblePool, status: PoolStatus, isLookedAt: boolean): FindingRow | null {
    const now = this.#clock.now();
    const its = this.#caseOf(pool);
    its.isLookedAt = isLookedAt;
    its.urgency = urgencyOf(status, its.before) + (this.#hasLeaked(status.name) ? leakUrgency : 0);
    its.before = status;
    if (its.urgency > 0) its.signAt = now;
    const isOpen = isLookedAt || now - its.signAt < quietForMs;
    // What was found is said no longer than there are signs, once the pool is not watched any more.
    if (!isOpen || (its.snapshots === undefined && its.urgency === 0)) its.finding = null;
    if (isOpen) this.#seen.add(its);
    return its.finding;
  }

  seenAll(): void {
    const now = this.#clock.now();
    const chosen = [...this.#seen].sort((a, b) => rank(a, now) - rank(b, now) || inTurn(a, b));
    this.#seen.clear();
    const dropped = new Set(this.#watched);
    this.#watched = chosen.slice(0, mostWatched);
    for (const its of this.#watched) {
      dropped.delete(its);
      if (its.snapshots === undefined) this.#begin(its, now);
    }
    for (const its of dropped) its.snapshots = undefined;
    if (this.#watched.length === 0) this.#rest();
  }

  stop(): void {
    this.#rest();
    this.#watched = [];
    this.#seen.clear();
    // Snapshots of long ago would be taken for what was usual a moment before.
    this.#cases = new WeakMap();
  }

  #caseOf(pool: VisiblePool): Case {
    let its = this.#cases.get(pool);
    if (its === undefined) {
      its = {
        pool,
        before: undefined,
        isLookedAt: false,
        urgency: 0,
        signAt: Number.NEGATIVE_INFINITY,
        startedAt: Number.NEGATIVE_INFINITY,
        snapshots: undefined,
        finding: null,
      };
      this.#cases.set(pool, its);
    }
    return its;
  }

  #begin(its: Case, now: number): void {
    its.startedAt = now;
    its.snapshots = [];
    // One serves them all: the event loop is the process's.
    this.#delays ??= new LoopDelays(this.#clock);
    this.#timer ??= this.#again();
    this.#examine(its, now);
  }

  #rest(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#delays?.stop();
    this.#delays = undefined;
  }

  #again(): TimerHandle {
    const timer = this.#clock.setTimer(() => {
      this.#timer = this.#again();
      const now = this.#clock.now();
      const loop = this.#delays!.take();
      for (const its of this.#watched) this.#examine(its, now, loop);
    }, everyMs);
    timer.keepAlive(false);
    return timer;
  }

  #examine(its: Case, now: number, loop?: Snapshot['loop']): void {
    const snapshots = its.snapshots!;
    try {
      snapshots.push(snapshotOf(its.pool, now, loop));
      if (snapshots.length > kept) snapshots.shift();
      // Nothing is said while it is too early: what was said by an earlier watch holds.
      its.finding = findingOf(diagnose(snapshots), now - snapshots[0]!.atMs) ?? its.finding;
    } catch (error) {
      its.finding = null;
      if (this.#hasWarned) return;
      this.#hasWarned = true;
      warn(`the diagnosis of a pool threw: ${String(error)}`);
    }
  }
}

/** Who comes first: those that are looked at closely, those whose watch has just begun, those that show signs. */
function rank({ isLookedAt, snapshots, startedAt, urgency }: Case, now: number): number {
  if (isLookedAt) return 0;
  if (snapshots !== undefined && now - startedAt < settledMs) return 1;
  return urgency > 0 ? 2 : 3;
}

/** Among equals the one whose turn is longest ago, then the one in greater need. */
const inTurn = (a: Case, b: Case): number =>
  a.startedAt === b.startedAt ? b.urgency - a.urgency : a.startedAt - b.startedAt;
