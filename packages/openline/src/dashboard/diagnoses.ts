// Who says what is wrong with the pools while somebody looks: openline/insight, a function of the user's own, or nobody.

import type { Clock, PoolStatus } from '../core/index.ts';
import type { Diagnosis, FindingRow } from './frames.ts';
import type { VisiblePool } from './visible.ts';

const askedEveryMs = 1_000;

/** Who says it. */
export interface Diagnoses {
  /** One pool of a look: what is known to be wrong with it. `isLookedAt`: somebody looks at it closely. */
  see(pool: VisiblePool, status: PoolStatus, isLookedAt: boolean): FindingRow | null;
  /** The look has seen every pool. */
  seenAll(): void;
  /** Nobody looks any more. */
  stop(): void;
}

/** Nobody says anything. */
export const noDiagnoses: Diagnoses = { see: () => null, seenAll: () => {}, stop: () => {} };

/** The user's own function says it: asked about the pools that are looked at closely or show signs, at most once a second each. */
export class OwnDiagnoses implements Diagnoses {
  readonly #diagnose: (pool: VisiblePool, status: PoolStatus) => Diagnosis | undefined;
  readonly #clock: Clock;
  #asked = new WeakMap<VisiblePool, { status: PoolStatus; at: number; said: FindingRow | null }>();
  #hasWarned = false;

  constructor(diagnose: (pool: VisiblePool, status: PoolStatus) => Diagnosis | undefined, clock: Clock) {
    this.#diagnose = diagnose;
    this.#clock = clock;
  }

  see(pool: VisiblePool, status: PoolStatus, isLookedAt: boolean): FindingRow | null {
    const now = this.#clock.now();
    const before = this.#asked.get(pool);
    if (before !== undefined && now - before.at < askedEveryMs) return before.said;
    const said = isLookedAt || urgencyOf(status, before?.status) > 0 ? this.#ask(pool, status) : null;
    this.#asked.set(pool, { status, at: now, said });
    return said;
  }

  seenAll(): void {}

  stop(): void {
    this.#asked = new WeakMap();
  }

  #ask(pool: VisiblePool, status: PoolStatus): FindingRow | null {
    try {
      const said = this.#diagnose(pool, status);
      if (said === undefined) return null;
      const { sentence, evidence = [], advice = '', healthy = false } = said;
      return { mood: healthy ? 'good' : 'bad', title: sentence, evidence, advice, others: [] };
    } catch (error) {
      if (!this.#hasWarned) warn(`the dashboard's diagnose() threw: ${String(error)}`);
      this.#hasWarned = true;
      return null;
    }
  }
}

/** How much a pool seems to need a diagnosis, by what is cheap to know; 0: nothing is to be seen. */
export function urgencyOf(now: PoolStatus, before: PoolStatus | undefined): number {
  const failures = ({ totals }: PoolStatus): number => totals.timedOut + totals.refused + totals.openFailed;
  const failed = before === undefined ? 0 : failures(now) - failures(before);
  const isFull = now.leased >= now.max ? 1 : 0;
  return isFull + now.waiting + failed + (now.outage === undefined ? 0 : 1e6);
}

export function warn(text: string): void {
  process.emitWarning(text, { type: 'OpenlineWarning', code: 'OPENLINE_DASHBOARD' });
}
