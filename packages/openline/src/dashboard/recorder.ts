// What happened lately: the rare events of the pools, written down as they come, since the page is opened after the fact.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type Clock, type CloseReason, channelNames, type PoolObserver } from '../core/index.ts';
import { warn } from './diagnoses.ts';
import type { EventRow, OpenRow } from './frames.ts';
import { shownText } from './messages.ts';

const eventsKept = 200;
const opensKeptPerPool = 12;
/** Pools whose opens are kept: names of origins may come and go without end. */
const poolsKept = 1_000;
/** Events of one kind in one pool within this time are one row: an outage, which repeats itself, must not push all else out. */
const oneRowMs: Readonly<Record<EventRow['mood'], number>> = { bad: 10_000, plain: 1_000, good: 1_000 };

const badReasons: readonly CloseReason[] = ['broken', 'invalid', 'leaked', 'lost'];
/** A leak is a sign of trouble for so long. */
const leakCountsMs = 600_000;

type Events = Required<PoolObserver>;
type EventOf<Name extends keyof Events> = Parameters<Events[Name]>[0];

const duration = (ms: number): string =>
  ms >= 1_000 ? `${(ms / 1_000).toFixed(1)} s` : `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
const at = (place: string | undefined): string => (place === undefined ? '' : ` at ${place}`);
/** Only a code or a name: a message may quote what the caller sent. */
const because = (error: unknown): string =>
  error instanceof Error ? `, ${(error as { code?: unknown }).code ?? error.name}` : '';

/** Each event in words. */
const words: { readonly [Name in keyof Events]?: (event: EventOf<Name>) => [EventRow['mood'], string] } = {
  opened: ({ connectionId, tookMs }) => ['plain', `connection ${connectionId} opened in ${duration(tookMs)}`],
  openFailed: ({ error }) => ['bad', error.message],
  closed: ({ connectionId, reason, error, ageMs, uses }) => [
    badReasons.includes(reason) ? 'bad' : 'plain',
    `connection ${connectionId} closed (${reason}${because(error)}) after ${duration(ageMs)} and ${uses} leases`,
  ],
  timedOut: ({ error }) => ['bad', error.message.split('\n', 1)[0]!],
  leaseOverdue: ({ connectionId, ageMs, place }) => [
    'bad',
    `connection ${connectionId} has been leased for ${duration(ageMs)}${at(place)}`,
  ],
  overdueReturned: ({ connectionId, heldMs, place }) => [
    'plain',
    `connection ${connectionId} came back after ${duration(heldMs)}${at(place)}`,
  ],
  leaseLeaked: ({ connectionId, ageMs, place }) => [
    'bad',
    `connection ${connectionId} was lost ${duration(ageMs)} after its acquire${at(place)}: its lease was garbage-collected and never ended`,
  ],
  dirtyReturn: ({ connectionId, what, place }) => [
    'bad',
    `connection ${connectionId} came back with ${what}${at(place)}`,
  ],
  recovered: ({ outageMs, attempts }) => [
    'good',
    `reachable again after ${duration(outageMs)} and ${attempts} attempts`,
  ],
  clockJumped: ({ jumpMs }) => ['plain', `the machine or the process slept for ${duration(jumpMs)}`],
};

/** Writes down what happens in some pools. What is only counted elsewhere, each single lease, is not written down. */
export class Recorder {
  readonly #isOurs: (poolName: string) => boolean;
  readonly #clock: Clock;
  readonly #events: (EventRow & { readonly changedAs: number })[] = [];
  readonly #opens = new Map<string, OpenRow[]>();
  /** When a lease of a pool was last told of as overdue or lost. */
  readonly #leaks = new Map<string, number>();
  readonly #listeners: (() => void)[] = [];
  #lastId = 0;
  #hasWarned = false;

  constructor(isOurs: (poolName: string) => boolean, clock: Clock) {
    this.#isOurs = isOurs;
    this.#clock = clock;
    for (const [name, inWords] of Object.entries(words)) {
      const listener = (event: unknown): void => {
        // Node makes what a listener of a channel throws an uncaught exception.
        try {
          this.#happened(
            name,
            event as { poolName: string },
            inWords as (event: never) => [EventRow['mood'], string],
          );
        } catch (error) {
          if (!this.#hasWarned) warn(`an event of a pool was not written down: ${String(error)}`);
          this.#hasWarned = true;
        }
      };
      const channel = channelNames[name as keyof Events];
      subscribe(channel, listener);
      this.#listeners.push(() => unsubscribe(channel, listener));
    }
  }

  /** Everything written down so far has a number up to this one. */
  get lastId(): number {
    return this.#lastId;
  }

  /** What happened, or happened again, after that number. */
  eventsAfter(id: number): EventRow[] {
    return this.#events.filter(({ changedAs }) => changedAs > id).map(({ changedAs, ...event }) => event);
  }

  /** The opens of a pool that ended after that number. */
  opensAfter(poolName: string, id: number): OpenRow[] {
    return (this.#opens.get(poolName) ?? []).filter((open) => open.id > id);
  }

  /** Was a lease of this pool told of as overdue or lost, not long ago? */
  hasLeaked(poolName: string): boolean {
    return this.#clock.wallNow() - (this.#leaks.get(poolName) ?? Number.NEGATIVE_INFINITY) < leakCountsMs;
  }

  stop(): void {
    for (const unlisten of this.#listeners.splice(0)) unlisten();
  }

  #happened(
    kind: string,
    event: { readonly poolName: string },
    inWords: (event: never) => [EventRow['mood'], string],
  ): void {
    const pool = event.poolName;
    if (!this.#isOurs(pool)) return;
    const now = this.#clock.wallNow();
    const id = ++this.#lastId;
    const [mood, inFull] = inWords(event as never);
    const text = shownText(inFull);
    const same = this.#events.findLastIndex((row) => row.pool === pool && row.kind === kind);
    const before = this.#events[same];
    if (before !== undefined && now - before.at < oneRowMs[mood]) {
      this.#events[same] = { ...before, text, count: before.count + 1, changedAs: id };
    } else {
      if (this.#events.length === eventsKept) this.#events.shift();
      this.#events.push({ id, at: now, pool, kind, mood, text, count: 1, changedAs: id });
    }
    if (kind === 'leaseOverdue' || kind === 'leaseLeaked') this.#leaked(pool, now);
    if (kind === 'opened') this.#openEnded(id, now, event as EventOf<'opened'>, '');
    if (kind === 'openFailed') {
      const failed = event as EventOf<'openFailed'>;
      const tookMs = failed.phases.reduce((sum, phase) => sum + phase.tookMs, 0);
      this.#openEnded(id, now, { ...failed, tookMs }, shownText(failed.error.message));
    }
  }

  #leaked(pool: string, now: number): void {
    this.#leaks.delete(pool);
    this.#leaks.set(pool, now);
    if (this.#leaks.size > poolsKept) this.#leaks.delete(this.#leaks.keys().next().value!);
  }

  #openEnded(
    id: number,
    now: number,
    {
      poolName,
      connectionId,
      tookMs,
      phases,
    }: Pick<EventOf<'opened'>, 'poolName' | 'connectionId' | 'tookMs' | 'phases'>,
    failure: string,
  ): void {
    const opens = this.#opens.get(poolName) ?? [];
    if (opens.length === opensKeptPerPool) opens.shift();
    opens.push({ id, at: now, connectionId, tookMs, phases, failure });
    // The pool that opened last is the last to be forgotten.
    this.#opens.delete(poolName);
    this.#opens.set(poolName, opens);
    if (this.#opens.size > poolsKept) this.#opens.delete(this.#opens.keys().next().value!);
  }
}
