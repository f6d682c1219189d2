// One pool looked at closely: its times between two looks, its connections, who holds them, and its opens.

import type { HistogramSnapshot, PoolStats } from '../core/index.ts';
import type { ConnectionRow, DetailFrame, HolderRow, TimesPoint, TimesRow } from './frames.ts';
import { fromHome } from './places.ts';
import type { Recorder } from './recorder.ts';
import { Rows } from './rows.ts';
import type { VisiblePool } from './visible.ts';

/** Looks whose times are kept for those who come later: two minutes of two a second. */
const timesKept = 240;
/** The longest ones say what there is to say. */
const holdersShown = 30;
const requestLength = 300;

/** What is known of a pool while somebody looks at it. */
export class Detail {
  readonly #pool: VisiblePool;
  readonly #id: number;
  readonly #name: string;
  readonly #recorder: Recorder;
  readonly #showsRequests: boolean;
  readonly #connections = new Rows<ConnectionRow>();
  readonly #times: TimesRow[] = [];
  #before: PoolStats['times'] | undefined;
  #holders: readonly HolderRow[] = [];
  #opensSeen = 0;

  constructor(pool: VisiblePool, id: number, name: string, recorder: Recorder, showsRequests: boolean) {
    this.#pool = pool;
    this.#id = id;
    this.#name = name;
    this.#recorder = recorder;
    this.#showsRequests = showsRequests;
  }

  /** Looks: what has changed since the last time. */
  look(wallNow: number): DetailFrame {
    const { times, waiting, leased } = this.#pool.stats();
    const before = this.#before;
    this.#before = times;
    const row: TimesRow | undefined = before && {
      at: wallNow,
      wait: pointOf(times.wait.since(before.wait)),
      use: pointOf(times.use.since(before.use)),
      connect: pointOf(times.connect.since(before.connect)),
      waiting,
      leased,
    };
    if (row !== undefined) {
      if (this.#times.length === timesKept) this.#times.shift();
      this.#times.push(row);
    }
    const connections = this.#connections.update(
      this.#pool.connections().map(({ id, state, ageMs, uses, leases, condemned = '' }) => ({
        id,
        state,
        // To a second, or two readings of the clock would look like a change.
        since: Math.round((wallNow - ageMs) / 1_000) * 1_000,
        uses,
        leases,
        condemned,
      })),
    );
    const opens = this.#recorder.opensAfter(this.#name, this.#opensSeen);
    this.#opensSeen = this.#recorder.lastId;
    return {
      pool: this.#id,
      times: row === undefined ? [] : [row],
      ...(connections !== undefined && { connections }),
      ...(this.#haveHoldersChanged(wallNow) && { holders: this.#holders }),
      ...(opens.length > 0 && { opens }),
    };
  }

  /** All that is known, for one who comes later. */
  whole(): DetailFrame {
    return {
      pool: this.#id,
      whole: true,
      times: this.#times,
      connections: this.#connections.whole(),
      holders: this.#holders,
      opens: this.#recorder.opensAfter(this.#name, 0),
    };
  }

  #haveHoldersChanged(wallNow: number): boolean {
    const before = this.#holders;
    const requests = this.#showsRequests ? this.#pool.requests?.() : undefined;
    const now: HolderRow[] = this.#pool
      .holders()
      .slice(0, holdersShown)
      .map(({ connectionId, ageMs, mode, place = '', working, leaked }) => ({
        connectionId,
        since: Math.round(wallNow - ageMs),
        mode,
        place: fromHome(place),
        whose: leaked === true ? 'nobody' : working === undefined ? '' : working ? 'server' : 'caller',
        request: requests?.get(connectionId)?.slice(0, requestLength) ?? '',
      }));
    this.#holders = now;
    return (
      now.length !== before.length ||
      now.some(({ connectionId, since, place, whose, request }, index) => {
        const known = before[index]!;
        // The same lease seen twice differs by the reading of the clocks only.
        return (
          known.connectionId !== connectionId ||
          known.place !== place ||
          known.whose !== whose ||
          known.request !== request ||
          Math.abs(known.since - since) > 100
        );
      })
    );
  }
}

function pointOf(times: HistogramSnapshot): TimesPoint {
  const short = (ms: number): number => Number(ms.toPrecision(3));
  return {
    n: times.count,
    p50: short(times.percentile(50)),
    p95: short(times.percentile(95)),
    p99: short(times.percentile(99)),
    max: short(times.maxMs),
  };
}
