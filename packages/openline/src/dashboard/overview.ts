// All pools at a glance: one row each, cheap enough for hundreds of them twice a second.

import type { ConnectionInfo, PoolStatus } from '../core/index.ts';
import { type Diagnosis, type PoolRow, type PoolsFrame, slotLetters } from './frames.ts';
import type { ResolvedDashboardOptions } from './options.ts';
import { Rows } from './rows.ts';
import { poolsIn, statusOf, type VisiblePool, type VisiblePools } from './visible.ts';

const diagnosedEveryMs = 1_000;
/** A pool's many connections are shown as far as the eye can tell them apart. */
const slotsShown = 500;

interface Known {
  readonly id: number;
  /** Its own, or with a number where another has it too. */
  name: string;
  status: PoolStatus | undefined;
  diagnosis: Diagnosis | undefined;
  diagnosedAt: number;
}

/** The table of pools. */
export class Overview {
  readonly #given: readonly (VisiblePool | VisiblePools)[];
  readonly #diagnose: ResolvedDashboardOptions['diagnose'];
  readonly #known = new WeakMap<VisiblePool, Known>();
  readonly #rows = new Rows<PoolRow>();
  #byName = new Map<string, { readonly pool: VisiblePool; readonly id: number; readonly poolName: string }>();
  #lastId = 0;
  #hasWarned = false;

  constructor(
    given: readonly (VisiblePool | VisiblePools)[],
    diagnose: ResolvedDashboardOptions['diagnose'],
  ) {
    this.#given = given;
    this.#diagnose = diagnose;
  }

  /** The pool of this name as the rows say it, else the first. */
  find(name: string | undefined): { pool: VisiblePool; id: number; poolName: string } | undefined {
    const [first] = this.#byName.values();
    return (name === undefined ? undefined : this.#byName.get(name)) ?? first;
  }

  whole(wallNow: number): PoolsFrame {
    return { at: wallNow, whole: true, ...this.#rows.whole() };
  }

  /** Looks at every pool. `closely`: those whose diagnosis is asked for though nothing seems wrong. */
  look(wallNow: number, closely: ReadonlySet<number>): PoolsFrame {
    const byName = new Map<string, { pool: VisiblePool; id: number; poolName: string }>();
    const rows: PoolRow[] = [];
    for (const pool of poolsIn(this.#given)) {
      const status = statusOf(pool);
      const known = this.#know(pool);
      known.name = freeName(status.name, byName);
      byName.set(known.name, { pool, id: known.id, poolName: status.name });
      this.#diagnosePool(pool, known, status, wallNow, closely.has(known.id));
      known.status = status;
      rows.push(rowOf(known, status, slotsOf(pool.connections()), wallNow));
    }
    this.#byName = byName;
    return { at: wallNow, ...this.#rows.update(rows) };
  }

  #know(pool: VisiblePool): Known {
    let known = this.#known.get(pool);
    if (known === undefined) {
      known = { id: ++this.#lastId, name: '', status: undefined, diagnosis: undefined, diagnosedAt: 0 };
      this.#known.set(pool, known);
    }
    return known;
  }

  #diagnosePool(
    pool: VisiblePool,
    known: Known,
    status: PoolStatus,
    wallNow: number,
    isWatched: boolean,
  ): void {
    if (this.#diagnose === undefined || wallNow - known.diagnosedAt < diagnosedEveryMs) return;
    known.diagnosedAt = wallNow;
    known.diagnosis = undefined;
    if (!isWatched && !isTroubled(status, known.status)) return;
    try {
      known.diagnosis = this.#diagnose(pool, status);
    } catch (error) {
      if (this.#hasWarned) return;
      this.#hasWarned = true;
      process.emitWarning(`the dashboard's diagnose() threw: ${String(error)}`, {
        type: 'OpenlineWarning',
        code: 'OPENLINE_DASHBOARD',
      });
    }
  }
}

/** Does anything hint at trouble? Else no diagnosis is worth its price. */
function isTroubled(now: PoolStatus, before: PoolStatus | undefined): boolean {
  if (now.waiting > 0 || now.outage !== undefined) return true;
  if (before === undefined) return false;
  const failures = ({ totals }: PoolStatus): number => totals.timedOut + totals.refused + totals.openFailed;
  return failures(now) > failures(before);
}

function freeName(name: string, taken: ReadonlyMap<string, unknown>): string {
  let free = name;
  for (let number = 2; taken.has(free); number++) free = `${name} (${number})`;
  return free;
}

function slotsOf(connections: readonly ConnectionInfo[]): string {
  let slots = '';
  for (const { state, mode } of connections) {
    if (slots.length === slotsShown) break;
    const letter = slotLetters[state]!;
    slots += mode === 'shared' ? letter.toUpperCase() : letter;
  }
  return slots;
}

function rowOf(known: Known, status: PoolStatus, slots: string, wallNow: number): PoolRow {
  const { state, max, waiting, leases, totals, outage } = status;
  return {
    id: known.id,
    name: known.name,
    state,
    max: Math.min(max, Number.MAX_SAFE_INTEGER),
    slots,
    waiting,
    leases,
    acquired: totals.acquired,
    timedOut: totals.timedOut,
    refused: totals.refused,
    opened: totals.opened,
    openFailed: totals.openFailed,
    outage: outage === undefined ? '' : outage.error.message,
    // To a second, or two readings of the clock would look like a change.
    outageSince: outage === undefined ? 0 : Math.round((wallNow - outage.ageMs) / 1_000) * 1_000,
    diagnosis: known.diagnosis?.sentence ?? '',
    advice: known.diagnosis?.advice ?? '',
    healthy: known.diagnosis?.healthy === true,
  };
}
