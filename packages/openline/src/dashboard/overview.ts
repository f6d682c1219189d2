// All pools at a glance: one row each, cheap enough for hundreds of them twice a second.

import type { ConnectionInfo, PoolStatus } from '../core/index.ts';
import type { Diagnoses } from './diagnoses.ts';
import { type FindingRow, type PoolRow, type PoolsFrame, slotLetters } from './frames.ts';
import { shownText } from './messages.ts';
import { Rows } from './rows.ts';
import { poolsIn, statusOf, type VisiblePool, type VisiblePools } from './visible.ts';

/** A pool's many connections are shown as far as the eye can tell them apart. */
const slotsShown = 500;

interface Known {
  readonly id: number;
  /** Its own, or with a number where another has it too. */
  name: string;
  diagnosis: FindingRow | null;
}

/** The table of pools. */
export class Overview {
  readonly #given: readonly (VisiblePool | VisiblePools)[];
  readonly #diagnoses: Diagnoses;
  readonly #known = new WeakMap<VisiblePool, Known>();
  readonly #rows = new Rows<PoolRow>();
  #byName = new Map<string, { readonly pool: VisiblePool; readonly id: number; readonly poolName: string }>();
  #lastId = 0;

  constructor(given: readonly (VisiblePool | VisiblePools)[], diagnoses: Diagnoses) {
    this.#given = given;
    this.#diagnoses = diagnoses;
  }

  /** The pool of this name as the rows say it, else the first. */
  find(name: string | undefined): { pool: VisiblePool; id: number; poolName: string } | undefined {
    const [first] = this.#byName.values();
    return (name === undefined ? undefined : this.#byName.get(name)) ?? first;
  }

  whole(wallNow: number): PoolsFrame {
    return { at: wallNow, whole: true, ...this.#rows.whole() };
  }

  /** Looks at every pool. `closely`: those that somebody looks at closely, by their numbers. */
  look(wallNow: number, closely: ReadonlySet<number>): PoolsFrame {
    const byName = new Map<string, { pool: VisiblePool; id: number; poolName: string }>();
    const rows: PoolRow[] = [];
    for (const pool of poolsIn(this.#given)) {
      const status = statusOf(pool);
      const known = this.#know(pool);
      known.name = freeName(status.name, byName);
      byName.set(known.name, { pool, id: known.id, poolName: status.name });
      const diagnosis = this.#diagnoses.see(pool, status, closely.has(known.id));
      if (!isSame(diagnosis, known.diagnosis)) known.diagnosis = diagnosis;
      rows.push(rowOf(known, status, slotsOf(pool.connections()), wallNow));
    }
    this.#diagnoses.seenAll();
    this.#byName = byName;
    return { at: wallNow, ...this.#rows.update(rows) };
  }

  #know(pool: VisiblePool): Known {
    let known = this.#known.get(pool);
    if (known === undefined) {
      known = { id: ++this.#lastId, name: '', diagnosis: null };
      this.#known.set(pool, known);
    }
    return known;
  }

  /** Nobody looks any more. */
  stop(): void {
    this.#diagnoses.stop();
  }
}

function isSame(a: FindingRow | null, b: FindingRow | null): boolean {
  return a === b || (a !== null && b !== null && JSON.stringify(a) === JSON.stringify(b));
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
    outage: outage === undefined ? '' : shownText(outage.error.message),
    // To a second, or two readings of the clock would look like a change.
    outageSince: outage === undefined ? 0 : Math.round((wallNow - outage.ageMs) / 1_000) * 1_000,
    diagnosis: known.diagnosis,
  };
}
