// Finds the pools that are near exhaustion, and says why: full at two looks in a row, with callers waiting.

import { Alarm, type Clock, type HolderInfo, type PoolStats, type PoolStatus } from '../core/index.ts';
import { PoolWatch } from '../insight/index.ts';
import type { WatchedPool } from './watched.ts';

/** How often the pools are looked at. A look reads their counts, and costs the pools nothing in between. */
const lookEveryMs = 5_000;
/** A pool is near exhaustion when it was found full, with callers waiting, so many times in a row. */
const looksToTell = 2;

/** An engine as it is looked at: a pool's, or that of an origin of an HttpPool. */
interface Engine {
  readonly name: string;
  stats(): PoolStats;
  status?(): PoolStatus;
  holders(): readonly HolderInfo[];
}

/** A pool that can be logged: one of `createPool`, of `openline/pg`, or an `HttpPool`. What has `stats` alone is told of without a diagnosis. */
export interface LoggedPool extends WatchedPool {
  holders?(): readonly HolderInfo[];
  status?(): unknown;
  pools?(): readonly Engine[];
}

/** Told when a pool comes near exhaustion, and when nobody waits any more. `diagnosis`: why, if anything speaks for a cause. */
export type TellExhaustion = (status: PoolStatus, isNear: boolean, diagnosis: string | undefined) => void;

/** What is known of one engine. */
interface Case {
  fullLooks: number;
  isNear: boolean;
  /** From the first look that finds it full to the one that tells of it. */
  watch: PoolWatch | undefined;
}

/** Looks at pools while the process runs; does not keep it alive. */
export class ExhaustionLook {
  readonly #pools: readonly LoggedPool[];
  readonly #clock: Clock;
  readonly #tell: TellExhaustion;
  readonly #look: Alarm;
  /** By the pool and the engine's name: two pools may have one name. */
  #cases = new Map<LoggedPool, Map<string, Case>>();
  /** Whoever is told may stop it in the midst of a look. */
  #isStopped = false;

  constructor(pools: readonly LoggedPool[], clock: Clock, tell: TellExhaustion) {
    this.#pools = pools;
    this.#clock = clock;
    this.#tell = (...told) => {
      if (!this.#isStopped) tell(...told);
    };
    this.#look = new Alarm(clock, () => this.#lookAtAll(), false);
  }

  start(): void {
    this.#look.ringBy(this.#clock.now() + lookEveryMs);
  }

  stop(): void {
    this.#isStopped = true;
    this.#look.cancel();
    this.#keep(new Map());
  }

  #lookAtAll(): void {
    const seen = new Map<LoggedPool, Map<string, Case>>();
    for (const pool of this.#pools) {
      const before = this.#cases.get(pool);
      const cases = new Map<string, Case>();
      seen.set(pool, cases);
      for (const [status, engine] of enginesOf(pool)) {
        const known = before?.get(status.name) ?? { fullLooks: 0, isNear: false, watch: undefined };
        cases.set(status.name, known);
        this.#judge(known, status, engine);
      }
    }
    this.#keep(seen);
    if (this.#isStopped) this.stop();
    else this.start();
  }

  #judge(known: Case, status: PoolStatus, engine: Engine | undefined): void {
    const { leased, detached, max, waiting } = status;
    const isFull = leased + detached >= max && waiting > 0;
    known.fullLooks = isFull ? known.fullLooks + 1 : 0;
    if (known.isNear) {
      // Once told, it is over when nobody waits any more.
      if (waiting > 0) return;
      known.isNear = false;
      this.#tell(status, false, undefined);
    } else if (known.fullLooks >= looksToTell) {
      known.isNear = true;
      this.#tell(status, true, diagnosisOf(known.watch));
      endWatch(known);
    } else if (!isFull) endWatch(known);
    else if (engine !== undefined) known.watch = new PoolWatch(engine, this.#clock);
  }

  /** Origins come and go, and their watches with them. */
  #keep(cases: Map<LoggedPool, Map<string, Case>>): void {
    for (const [pool, before] of this.#cases)
      for (const [name, known] of before) if (!cases.get(pool)?.has(name)) endWatch(known);
    this.#cases = cases;
  }
}

function endWatch(known: Case): void {
  known.watch?.stop();
  known.watch = undefined;
}

function diagnosisOf(watch: PoolWatch | undefined): string | undefined {
  const diagnosis = watch?.diagnose();
  return diagnosis === undefined || diagnosis.verdict === 'healthy' ? undefined : diagnosis.sentence;
}

/** What of each engine is cheap, and the engine itself where more than its counts can be known. */
function enginesOf(pool: LoggedPool): [PoolStatus, Engine | undefined][] {
  if (pool.pools !== undefined)
    return pool.pools().map((engine) => [engine.status?.() ?? engine.stats(), engine]);
  const stats = pool.stats();
  if ('origins' in stats) return stats.origins.map((origin) => [origin, undefined]);
  const { holders } = pool;
  const engine =
    holders === undefined
      ? undefined
      : { name: stats.name, stats: () => pool.stats() as PoolStats, holders: () => holders.call(pool) };
  return [[stats, engine]];
}
