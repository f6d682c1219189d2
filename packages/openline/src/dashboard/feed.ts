// What those who look are told, and when: one look at the pools serves them all, and nobody looking means that nothing looks.

import type { ServerResponse } from 'node:http';
import type { TimerHandle } from '../core/index.ts';
import { say } from './answers.ts';
import { Detail } from './detail.ts';
import { type Diagnoses, noDiagnoses, OwnDiagnoses } from './diagnoses.ts';
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

  constructor(given: readonly (VisiblePool | VisiblePools)[], options: ResolvedDashboardOptions) {
    this.#given = given;
    this.#options = options;
    this.#recorder = new Recorder((name) => this.#isOurs(name), options.clock);
    this.#overview = new Overview(given, this.#diagnosesBy(options));
  }

  get viewers(): number {
    return this.#viewers.size;
  }

  /** Begins to tell this one of everything, and of one pool in detail. */
  view(response: ServerResponse, poolName: string | undefined): void {
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
    this.#look();
    const viewer = new Viewer(response, poolName, (gone) => this.#gone(gone));
    this.#viewers.add(viewer);
    const now = this.#options.clock.wallNow();
    const events = this.#recorder.eventsAfter(0);
    viewer.send(asEvent('pools', { ...this.#overview.whole(now), events }));
    const found = this.#overview.find(poolName);
    if (found !== undefined) {
      const known = this.#details.get(found.id) ?? this.#detailOf(found);
      viewer.send(asEvent('detail', known.whole()));
    }
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
      this.#look();
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
    const watched = new Map<number, Viewer[]>();
    for (const viewer of this.#viewers) {
      const id = this.#overview.find(viewer.poolName)?.id;
      if (id !== undefined) watched.set(id, [...(watched.get(id) ?? []), viewer]);
    }
    const frame = this.#overview.look(now, new Set(watched.keys()));
    const events = this.#recorder.eventsAfter(this.#eventsSeen);
    this.#eventsSeen = this.#recorder.lastId;
    const hasNews = frame.changed !== undefined || frame.gone !== undefined || events.length > 0;
    const isBeat = now - this.#lastBeat >= heartbeatMs;
    if (hasNews || isBeat) this.#lastBeat = now;
    if (hasNews) {
      const event = asEvent('pools', { ...frame, ...(events.length > 0 && { events }) });
      for (const viewer of this.#viewers) viewer.send(event);
    } else if (isBeat) for (const viewer of this.#viewers) viewer.send(heartbeat);
    for (const [id, viewers] of watched) this.#lookClosely(id, viewers, now);
    for (const id of this.#details.keys()) if (!watched.has(id)) this.#details.delete(id);
  }

  #lookClosely(id: number, viewers: readonly Viewer[], now: number): void {
    const found = this.#overview.find(viewers[0]!.poolName);
    if (found === undefined) return;
    let detail = this.#details.get(id);
    // The pool has gone, or another has come in its place: its viewers are told of that one from the start.
    if (detail === undefined || found.id !== id) {
      detail = this.#details.get(found.id) ?? this.#detailOf(found);
      const whole = asEvent('detail', detail.whole());
      for (const viewer of viewers) viewer.send(whole);
      return;
    }
    const event = asEvent('detail', detail.look(now));
    for (const viewer of viewers) viewer.send(event);
  }

  #detailOf({ pool, id, poolName }: { pool: VisiblePool; id: number; poolName: string }): Detail {
    const detail = new Detail(pool, id, poolName, this.#recorder, this.#options.queryText);
    this.#details.set(id, detail);
    detail.look(this.#options.clock.wallNow());
    return detail;
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
