// One fault at a time: planted in a shop that was well, named by the diagnosis, mended, and calm again.
import type { Diagnosis } from 'openline/insight';
import type { Pool } from 'openline/pg';
import { messageOf } from '../errors.ts';
import { faults, type Mend, type Stage } from './faults.ts';
import type { FaultName } from './lessons.ts';
import { usual } from './shop.ts';

/**
 * Where the playground is: `calm`; `preparing` (the shop starts afresh, since what is unusual is told by what was usual); `broken`;
 * `mending`; `recovering` (mended, and the diagnosis still sees the trouble of the last seconds).
 */
export type Phase = 'calm' | 'preparing' | 'broken' | 'mending' | 'recovering';

/** What the page is told. */
export interface PlaygroundState {
  readonly phase: Phase;
  /** The fault that is planted, or was the last to be. */
  readonly fault: FaultName | undefined;
  /** How long after its planting the diagnosis named it, in milliseconds. */
  readonly namedAfterMs: number | undefined;
  /** When it ends by itself, in milliseconds from now. */
  readonly endsInMs: number | undefined;
  readonly verdict: Diagnosis['verdict'];
  /** Why the last attempt to break or mend something failed. */
  readonly failure: string | undefined;
}

const lookEveryMs = 250;
/** So many customers have to be served before a fault, or nothing is usual. */
const servedBefore = 60;
/** After so long a fault ends by itself. */
const lastsMs = 90_000;
const mendAgainMs = 5_000;

/** A stage, and what happens on it. */
export class Playground {
  readonly #stage: Stage;
  readonly #timer: NodeJS.Timeout;
  #phase: Phase = 'calm';
  #fault: FaultName | undefined;
  #planted: Promise<Mend> | undefined;
  #plantedAt = 0;
  #endsAt = 0;
  #namedAfterMs: number | undefined;
  #wasNamed = false;
  #failure: string | undefined;
  /** The pool that has seen a fault: what that has left in its figures would be taken for usual. */
  #worn: Pool | undefined;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#timer = setInterval(() => this.#look(), lookEveryMs);
  }

  state(): PlaygroundState {
    const isBroken = this.#phase === 'broken';
    return {
      phase: this.#phase,
      fault: this.#fault,
      namedAfterMs: this.#namedAfterMs,
      endsInMs: isBroken ? Math.max(0, this.#endsAt - performance.now()) : undefined,
      verdict: this.#stage.shop.diagnose().verdict,
      failure: this.#failure,
    };
  }

  /** Prepares to plant a fault; `false` where another is not mended yet. */
  plant(fault: FaultName): boolean {
    if (this.#phase !== 'calm' && this.#phase !== 'recovering') return false;
    this.#phase = 'preparing';
    this.#fault = fault;
    this.#namedAfterMs = undefined;
    this.#wasNamed = false;
    this.#failure = undefined;
    const { shop } = this.#stage;
    if (faults[fault].needsUsual && shop.pool === this.#worn) shop.reopen(usual);
    return true;
  }

  /** Begins to mend what is broken; `false` where nothing is. */
  mend(): boolean {
    if (this.#phase !== 'broken') return false;
    void this.#undo();
    return true;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    if (this.#phase === 'preparing') {
      const { use } = this.#stage.shop.pool.stats().times;
      if (use.count >= servedBefore) void this.#break();
    } else if (this.#phase === 'broken') {
      this.#listen();
      if (performance.now() >= this.#endsAt) void this.#undo();
    } else if (this.#phase === 'recovering' && this.#stage.shop.diagnose().verdict === 'healthy') {
      this.#phase = 'calm';
    }
  }

  /** Named is what has been named at two looks in a row. */
  #listen(): void {
    if (this.#namedAfterMs !== undefined || this.#fault === undefined) return;
    const isNamed = this.#stage.shop.diagnose().verdict === faults[this.#fault].cause;
    if (isNamed && this.#wasNamed) this.#namedAfterMs = performance.now() - this.#plantedAt;
    this.#wasNamed = isNamed;
  }

  async #break(): Promise<void> {
    const { plant } = faults[this.#fault!];
    this.#phase = 'broken';
    this.#worn = this.#stage.shop.pool;
    this.#plantedAt = performance.now();
    this.#endsAt = this.#plantedAt + lastsMs;
    this.#planted = (async () => plant(this.#stage))();
    try {
      await this.#planted;
    } catch (error) {
      this.#failure = messageOf(error);
    }
  }

  /** What could not be mended is tried again later; what could not even be planted is not there to be mended. */
  async #undo(): Promise<void> {
    this.#phase = 'mending';
    const mend = await this.#planted?.catch(() => undefined);
    try {
      if (mend) {
        await mend();
        this.#failure = undefined;
      }
      this.#phase = 'recovering';
    } catch (error) {
      this.#failure = messageOf(error);
      this.#endsAt = performance.now() + mendAgainMs;
      this.#phase = 'broken';
    }
  }
}
