// What a pool tells of itself to whoever asks: how full it is, what it opens, what its connections do, and what its end left.

import type { BudgetShortage, PoolCounts } from './errors.ts';
import type { HolderInfo, LeaseMode } from './holder.ts';
import type { PoolTimes, PoolTotals } from './measures.ts';
import { type Loan, OldLease } from './old-leases.ts';
import type { Parts, PoolState } from './parts.ts';
import { type Slot, type StateName, stateNames } from './slot.ts';

/** What `status()` of a pool tells. */
export interface PoolStatus extends PoolCounts {
  readonly name: string;
  readonly state: PoolState;
  readonly min: number;
  /** Leases under way; above `leased` where connections are shared. */
  readonly leases: number;
  readonly totals: PoolTotals;
  /** Opens under way, the oldest first. */
  readonly opens: readonly OpenInfo[];
  /** The outage under way: no open has succeeded since. `undefined` while opens succeed. */
  readonly outage: OutageInfo | undefined;
  /** The budget that the pool shares with others, where that is full and so keeps the pool from opening. */
  readonly shortage: BudgetShortage | undefined;
}

/** What `stats()` of a pool tells. */
export interface PoolStats extends PoolStatus {
  readonly times: PoolTimes;
}

/** An open under way. */
export interface OpenInfo {
  /** Since it began, in milliseconds. */
  readonly ageMs: number;
  /** The phase that it is in: the connector's word, `open` before the first. */
  readonly phase: string;
  /** Where to, without credentials; empty while the connector has not said. */
  readonly address: string;
}

/** An outage under way. */
export interface OutageInfo {
  /** Since the first failed open, in milliseconds. */
  readonly ageMs: number;
  /** Opens that failed in it. */
  readonly attempts: number;
  /** New callers are turned away at once. */
  readonly breakerOpen: boolean;
  /** The last failure. */
  readonly error: Error;
}

/** One connection as `connections()` of a pool tells of it. */
export interface ConnectionInfo {
  /** Its number in the pool, counted from 1. */
  readonly id: number;
  readonly state: StateName;
  /** Since it was opened, in milliseconds. */
  readonly ageMs: number;
  /** Leases it has carried. */
  readonly uses: number;
  /** Leases it carries now. */
  readonly leases: number;
  readonly mode: LeaseMode | undefined;
  /** Why it will be closed once nobody has it. */
  readonly condemned: string | undefined;
}

/** What `close()` of a pool found. */
export interface CloseReport {
  /** Every lease came back in time. */
  readonly drained: boolean;
  /** Who still held what when the time was over; their connections were closed under them. */
  readonly outstanding: readonly HolderInfo[];
}

/** The pool now. */
export function statusOf<C>(parts: Parts<C>): PoolStatus {
  const { outage, slots, clock } = parts;
  const now = clock.now();
  const counts = parts.counts();
  let leases = 0;
  for (const slot of slots) leases += slot.leases;
  // Each field by its name: a spread of the counts into a literal with more fields takes many times as long as all the rest.
  return {
    max: counts.max,
    size: counts.size,
    idle: counts.idle,
    leased: counts.leased,
    opening: counts.opening,
    validating: counts.validating,
    resetting: counts.resetting,
    closing: counts.closing,
    detached: counts.detached,
    waiting: counts.waiting,
    name: parts.name,
    state: parts.state,
    min: parts.min,
    leases,
    totals: parts.measures.totals(),
    opens: [...parts.opens].map(({ startedAt, currentPhase, to }) => ({
      ageMs: now - startedAt,
      phase: currentPhase,
      address: to,
    })),
    outage: outage.since === undefined ? undefined : outageSince(outage.since, parts, now),
    shortage: parts.membership?.shortage(),
  };
}

function outageSince<C>(since: number, { outage, breaker }: Parts<C>, now: number): OutageInfo {
  const { attempts, lastFailure } = outage;
  return { ageMs: now - since, attempts, breakerOpen: breaker.isOpen(now), error: lastFailure! };
}

/** What a connector says to those who look; nothing where it throws. */
function answerOf<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}

/** Everybody who has a lease, the longest first. */
export function holdersOf<C>(parts: Parts<C>, now: number): HolderInfo[] {
  const holders: HolderInfo[] = [];
  for (const slot of parts.slots) {
    for (const lease of slot.holders()) {
      const place = lease.place?.toString();
      const working = answerOf(() => parts.connector.isWorking?.(slot.connection as C));
      const ageMs = now - lease.acquiredAt;
      holders.push({
        connectionId: slot.id,
        ageMs,
        mode: slot.mode!,
        place,
        ...(working === undefined ? {} : { working }),
        ...(isKept(parts, slot, lease) ? { kept: true } : {}),
        ...(lease instanceof OldLease && lease.isLeaked ? { leaked: true } : {}),
      });
    }
  }
  return holders.sort((a, b) => b.ageMs - a.ageMs);
}

/** What was garbage-collected is kept by nobody. */
function isKept<C>({ connector }: Parts<C>, slot: Slot<C>, loan: Loan<C>): boolean {
  const lease = loan instanceof OldLease ? loan.lease : loan;
  return lease !== undefined && answerOf(() => connector.isKept?.(slot.connection as C, lease)) === true;
}

/** What is under way on lent connections, by their numbers. */
export function requestsOf<C>({ connector, slots }: Parts<C>): Map<number, string> {
  const requests = new Map<number, string>();
  if (connector.requestOn === undefined) return requests;
  for (const slot of slots) {
    const request =
      slot.leases === 0 ? undefined : answerOf(() => connector.requestOn?.(slot.connection as C));
    if (request !== undefined) requests.set(slot.id, request);
  }
  return requests;
}

/** Every connection now, in the order of their opening. */
export function connectionsOf<C>({ clock, slots }: Parts<C>): ConnectionInfo[] {
  const now = clock.now();
  return [...slots].map((slot) => ({
    id: slot.id,
    state: stateNames[slot.state]!,
    ageMs: now - slot.bornAt,
    uses: slot.uses,
    leases: slot.leases,
    mode: slot.mode,
    condemned: slot.condemned,
  }));
}
