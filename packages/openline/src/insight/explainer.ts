// Puts the diagnosis into the errors of acquire timeouts: a pool is watched from when somebody waits until nobody has for a minute.

import type { Clock, ExplainedPool, Explainer, TimerHandle } from '../core/index.ts';
import { PoolWatch } from './watch.ts';

/** So long after the last waiter the watch goes on: what comes back soon is told with its history. */
const watchedForMs = 60_000;
/** Timeouts come in crowds: what was said serves all of them. */
const serviceableMs = 250;

/** Where a process is in trouble as a whole, hundreds of pools wait at once: no more than these are watched, some 3 ms of work a second together. */
const mostWatched = 32;

interface Case {
  readonly watch: PoolWatch;
  ends: TimerHandle;
  said: string | undefined;
  saidAt: number;
}

class WatchingExplainer implements Explainer {
  readonly #cases = new Map<ExplainedPool, Case>();

  waiting(pool: ExplainedPool, clock: Clock): void {
    const its = this.#caseOf(pool, clock);
    if (its === undefined) return;
    its.ends.cancel();
    its.ends = this.#endTimer(pool, clock);
  }

  explain(pool: ExplainedPool, clock: Clock): string | undefined {
    const its = this.#caseOf(pool, clock);
    if (its === undefined) return undefined;
    const now = clock.now();
    if (now - its.saidAt < serviceableMs) return its.said;
    const { verdict, sentence } = its.watch.diagnose();
    its.said = verdict === 'healthy' ? undefined : sentence;
    its.saidAt = now;
    return its.said;
  }

  closed(pool: ExplainedPool): void {
    const its = this.#cases.get(pool);
    if (its === undefined) return;
    its.watch.stop();
    its.ends.cancel();
    this.#cases.delete(pool);
  }

  /** Nothing where as many others are watched as may be. */
  #caseOf(pool: ExplainedPool, clock: Clock): Case | undefined {
    const known = this.#cases.get(pool);
    if (known !== undefined || this.#cases.size >= mostWatched) return known;
    const watch = new PoolWatch(pool, clock);
    const its = {
      watch,
      ends: this.#endTimer(pool, clock),
      said: undefined,
      saidAt: Number.NEGATIVE_INFINITY,
    };
    this.#cases.set(pool, its);
    return its;
  }

  #endTimer(pool: ExplainedPool, clock: Clock): TimerHandle {
    const timer = clock.setTimer(() => this.closed(pool), watchedForMs);
    timer.keepAlive(false);
    return timer;
  }
}

/**
 * For the option `explainer` of a pool: acquire timeouts then say why. One serves all pools; `openline/pg` and `openline/http` have it.
 *
 * @example
 * ```ts
 * const pool = createPool(connector, { explainer });
 * ```
 */
export const explainer: Explainer = new WatchingExplainer();
