// Who puts into words why callers wait: the core knows only that there may be somebody.

import type { Clock } from './clock.ts';
import type { HolderInfo } from './holder.ts';
import type { PoolStats } from './status.ts';

/** A pool as an {@link Explainer} sees it. */
export interface ExplainedPool {
  readonly name: string;
  stats(): PoolStats;
  holders(): readonly HolderInfo[];
}

/** Refusals come in crowds, a hundred thousand a second where the queue is full: what was said serves all of them for so long. */
const servesForMs = 250;

/** Puts into words why callers wait. `openline/insight` has one. What its methods throw goes no further. */
export interface Explainer {
  /** Somebody waits: called about once a second while it is so. */
  waiting(pool: ExplainedPool, clock: Clock): void;
  /**
   * Somebody has reached the deadline, or may not even wait beside those who do: a sentence or two for the error; nothing where there is nothing
   * to say. Called at most four times a second for each pool, which keeps the answer in between.
   */
  explain(pool: ExplainedPool, clock: Clock): string | undefined;
  /** The pool is closed. */
  closed(pool: ExplainedPool): void;
}

/** One pool's access to its explainer, which can do it no harm. */
export class Explanations {
  readonly #explainer: Explainer;
  readonly #pool: ExplainedPool;
  readonly #clock: Clock;
  #said: string | undefined;
  #saidAt = Number.NEGATIVE_INFINITY;

  constructor(explainer: Explainer, pool: ExplainedPool, clock: Clock) {
    this.#explainer = explainer;
    this.#pool = pool;
    this.#clock = clock;
  }

  waiting(): void {
    this.#safely(() => this.#explainer.waiting(this.#pool, this.#clock));
  }

  explain(): string | undefined {
    const now = this.#clock.turnNow().ms;
    if (now - this.#saidAt < servesForMs) return this.#said;
    this.#saidAt = now;
    this.#said = this.#safely(() => this.#explainer.explain(this.#pool, this.#clock));
    return this.#said;
  }

  closed(): void {
    this.#safely(() => this.#explainer.closed(this.#pool));
  }

  #safely<T>(ask: () => T): T | undefined {
    try {
      return ask();
    } catch (error) {
      process.emitWarning(`an explainer threw: ${String(error)}`, {
        type: 'OpenlineWarning',
        code: 'OPENLINE_EXPLAINER',
      });
      return undefined;
    }
  }
}
