// What those who look are told, and when: one look at the pools serves them all, and nobody looking means that nothing looks.

import type { ServerResponse } from 'node:http';
import type { TimerHandle } from '../core/index.ts';
import { say } from './answers.ts';
import { Detail } from './detail.ts';
import { type Diagnoses, noDiagnoses, OwnDiagnoses, warn } from './diagnoses.ts';
import type { ResolvedDashboardOptions } from './options.ts';
import { Overview } from './overview.ts';
import { Recorder } from './recorder.ts';
import { asEvent, heartbeat, Viewer } from './viewer.ts';
import { statusOf, type VisiblePool, type VisiblePools } from './visible.ts';
import { Watches } from './watches.ts';

const heartbeatMs = 15_000;
/** Names that were found to be ours or not; more than there can be pools, since names come from all pools of the process. */
const namesRemembered = 5_000;

/** The feed of one dashboard. */
export class Feed {
  readonly #given: readonly (VisiblePool | VisiblePools)[];
  readonly #options: ResolvedDashboardOptions;
  readonly #recorder: Recorder;
  readonly #overview: Overview;
  readonly #viewers = new Set<Viewer>();
  /** By the pool's number. */
  readonly #details = new Map<number, Detail>();
  readonly #ours = new Map<string, boolean>();
  #timer: TimerHandle | undefined;
  #eventsSeen = 0;
  #lastBeat = 0;
  #isClosed = false;
  #hasWarned = false;

  constructor(given: readonly (VisiblePool | VisiblePools)[], options: ResolvedDashboardOptions) {
    this.#given = given;
    this.#options = options;
    this.#recorder = new Recorder((name) => this.#isOurs(name), options.clock);
    this.#overview = new Overview(given, this.#diagnosesBy(options));
  }

  get viewers(): number {
    return this.#viewers.size;
  }

  /** Begins to tell this one of everything, and of one pool in detail. `until`: when it may look no longer, on the wall's clock. */
  view(response: ServerResponse, poolName: string | undefined, until: number): void {
    // Whoever has gone before the handler was called (middleware may take its time) would never be heard to go.
    if (response.destroyed) return;
    if (this.#isClosed) {
      say(response, 503, 'The dashboard is closed.');
      return;
    }
    if (this.#viewers.size >= this.#options.maxViewers) {
      say(response, 503, `${this.#viewers.size} look already.`, { 'Retry-After': '10' });
      return;
    }
    // Those who look already are told of this look too, so that everybody knows the same.
    this.#guard(() => this.#look());
    const viewer = new Viewer(response, poolName, until, (gone) => this.#gone(gone));
    this.#viewers.add(viewer);
    const now = this.#options.clock.wallNow();
    const events = this.#recorder.eventsAfter(0);
    viewer.begin(asEvent('pools', { ...this.#overview.whole(now), events }));
    this.#guard(() => {
      const found = this.#overview.find(poolName);
      if (found !== undefined) this.#tellAll(this.#details.get(found.id) ?? this.#detailOf(found), [viewer]);
    });
    this.#timer ??= this.#again();
  }

  close(): void {
    this.#isClosed = true;
    this.#recorder.stop();
    for (const viewer of this.#viewers) viewer.end();
    this.#stopLooking();
  }

  #again(): TimerHandle {
    const timer = this.#options.clock.setTimer(() => {
      this.#timer = undefined;
      if (this.#viewers.size === 0) return;
      this.#guard(() => this.#look());
      this.#timer = this.#again();
    }, this.#options.intervalMs);
    timer.keepAlive(false);
    return timer;
  }

  #gone(viewer: Viewer): void {
    this.#viewers.delete(viewer);
    if (this.#viewers.size === 0) this.#stopLooking();
  }

  #stopLooking(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#details.clear();
    this.#overview.stop();
  }

  #diagnosesBy({ diagnose, clock }: ResolvedDashboardOptions): Diagnoses {
    if (diagnose === false) return noDiagnoses;
    if (diagnose !== undefined) return new OwnDiagnoses(diagnose, clock);
    return new Watches(clock, (poolName) => this.#recorder.hasLeaked(poolName));
  }

  #look(): void {
    const now = this.#options.clock.wallNow();
    for (const viewer of this.#viewers) {
      if (now < viewer.until) continue;
      this.#viewers.delete(viewer);
      viewer.end();
    }
    const frame = this.#overview.look(now, new Set(this.#viewersByPool().keys()));
    const events = this.#recorder.eventsAfter(this.#eventsSeen);
    this.#eventsSeen = this.#recorder.lastId;
    const hasNews = frame.changed !== undefined || frame.gone !== undefined || events.length > 0;
    const isBeat = now - this.#lastBeat >= heartbeatMs;
    if (hasNews || isBeat) this.#lastBeat = now;
    if (hasNews) {
      const event = asEvent('pools', { ...frame, ...(events.length > 0 && { events }) });
      for (const viewer of this.#viewers) viewer.send(event);
    } else if (isBeat) for (const viewer of this.#viewers) viewer.send(heartbeat);
    // The look may have found that a pool has gone, or that another has come in its place.
    const watched = this.#viewersByPool();
    for (const viewers of watched.values()) this.#guard(() => this.#lookClosely(viewers, now));
    for (const id of this.#details.keys()) if (!watched.has(id)) this.#details.delete(id);
  }

  #viewersByPool(): Map<number, Viewer[]> {
    const byPool = new Map<number, Viewer[]>();
    for (const viewer of this.#viewers) {
      const id = this.#overview.find(viewer.poolName)?.id;
      if (id !== undefined) byPool.set(id, [...(byPool.get(id) ?? []), viewer]);
    }
    return byPool;
  }

  /** @param viewers - of one pool: those who know it are told of its changes, the others of all. */
  #lookClosely(viewers: readonly Viewer[], now: number): void {
    const found = this.#overview.find(viewers[0]!.poolName)!;
    const known = this.#details.get(found.id);
    const detail = known ?? this.#detailOf(found);
    if (known !== undefined) {
      const event = asEvent('detail', known.look(now));
      for (const viewer of viewers) if (viewer.knows === found.id) viewer.send(event);
    }
    const others = viewers.filter(({ knows }) => known === undefined || knows !== found.id);
    if (others.length > 0) this.#tellAll(detail, others);
  }

  #tellAll(detail: Detail, viewers: readonly Viewer[]): void {
    const whole = detail.whole();
    const event = asEvent('detail', whole);
    for (const viewer of viewers) {
      viewer.knows = whole.pool;
      viewer.send(event);
    }
  }

  #detailOf({ pool, id, poolName }: { pool: VisiblePool; id: number; poolName: string }): Detail {
    const detail = new Detail(pool, id, poolName, this.#recorder, this.#options.queryText);
    this.#details.set(id, detail);
    detail.look(this.#options.clock.wallNow());
    return detail;
  }

  /** What a pool of the user's own throws must not end the service: timers have nobody to catch it. */
  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!this.#hasWarned) warn(`a pool threw when it was looked at: ${String(error)}`);
      this.#hasWarned = true;
    }
  }

  #isOurs(poolName: string): boolean {
    const known = this.#ours.get(poolName);
    if (known !== undefined) return known;
    if (this.#ours.size === namesRemembered) this.#ours.clear();
    const isOurs = this.#given.some((one) =>
      'pools' in one ? poolName.startsWith(`${one.name} `) : statusOf(one).name === poolName,
    );
    this.#ours.set(poolName, isOurs);
    return isOurs;
  }
}
