// A pool watched while somebody wants to know: a snapshot a second, the last minute of them kept.

import { type Clock, systemClock, type TimerHandle } from '../core/index.ts';
import { type Diagnosis, diagnose } from './diagnose.ts';
import { LoopProbe } from './loop-probe.ts';
import { type DiagnosablePool, type Snapshot, snapshotOf } from './snapshot.ts';

const everyMs = 1_000;
const kept = 60;

/**
 * Watches one pool from its making to {@link stop}: 50 short timers and one snapshot a second, and at the most 60 snapshots in memory.
 *
 * @example
 * ```ts
 * const watch = new PoolWatch(pool);
 * setInterval(() => console.log(watch.diagnose().sentence), 5_000);
 * ```
 */
export class PoolWatch {
  readonly #pool: DiagnosablePool;
  readonly #clock: Clock;
  readonly #probe: LoopProbe;
  readonly #snapshots: Snapshot[] = [];
  #timer: TimerHandle | undefined;

  /** @param clock - the pool's own, where it was given one; default the machine's */
  constructor(pool: DiagnosablePool, clock: Clock = systemClock) {
    this.#pool = pool;
    this.#clock = clock;
    this.#probe = new LoopProbe(clock);
    this.#look();
  }

  /** What was seen, the oldest first. */
  get snapshots(): readonly Snapshot[] {
    return this.#snapshots;
  }

  /** Looks once more, and says what is wrong. */
  diagnose(): Diagnosis {
    return diagnose([...this.#snapshots, snapshotOf(this.#pool, this.#clock.now(), this.#probe.look())]);
  }

  /** Ends the watch; what was seen stays. */
  stop(): void {
    this.#timer?.cancel();
    this.#probe.stop();
  }

  readonly #look = (): void => {
    this.#snapshots.push(snapshotOf(this.#pool, this.#clock.now(), this.#probe.take()));
    if (this.#snapshots.length > kept) this.#snapshots.shift();
    this.#timer = this.#clock.setTimer(this.#look, everyMs);
    this.#timer.keepAlive(false);
  };
}
