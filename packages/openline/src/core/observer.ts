// What can be watched in a pool: a typed interface of synchronous, optional methods, called after the state has changed.

import { channel } from 'node:diagnostics_channel';
import type { ConnectError } from './errors.ts';
import type { LeaseMode } from './holder.ts';
import type { Waiter } from './waiter.ts';

/** Why a connection was closed. */
export type CloseReason =
  | 'broken' // a lease ended by an error that killed it
  | 'busy' // given back while something was under way
  | 'ceded' // a caller of another pool of its budget has waited longer
  | 'detached' // its holder took it away, and it has ended
  | 'discarded' // the holder said so
  | 'idle' // idle longer than idleTimeoutMs, or than its peer lets it be
  | 'invalid' // it did not pass validation
  | 'leaked' // its lease was garbage-collected without an end, or taken back at leakThresholdMs
  | 'lifetime' // older than maxLifetimeMs
  | 'lost' // it died of itself
  | 'pool-closed'
  | 'refreshed'
  | 'reset-failed'
  | 'retired' // its peer takes nothing new on it
  | 'shrunk' // above max or not needed after a resize
  | 'worn-out'; // maxUses

/** Why a breaker has closed. */
export type BreakerClosedReason =
  | 'recovered' // an open succeeded
  | 'rested' // nobody asked for so long that attempts have ended: the next caller is let in, to try
  | 'pool-closed';

/** One phase of an open and how long it took, in milliseconds. */
export interface OpenPhase {
  readonly name: string;
  readonly tookMs: number;
}

/** A connection and its pool: part of every event about one connection. */
export interface ConnectionEvent<C = unknown> {
  readonly poolName: string;
  /** The connection's number in its pool, counted from 1. */
  readonly connectionId: number;
  /** The connection itself; `undefined` until it is open. */
  readonly connection: C | undefined;
}

/** How a wait ended: with a connection, or with an error (the signal's reason, if that ended it). */
export type WaitEnd =
  | { readonly connectionId: number; readonly error: undefined }
  | { readonly connectionId: undefined; readonly error: unknown };

/** Methods are called synchronously, after the change; what one throws is warned of and goes no further. Durations are milliseconds. */
export interface PoolObserver<C = unknown> {
  /** A connection is being opened. */
  opening?(event: ConnectionEvent<C>): void;
  /** It is open. */
  opened?(event: ConnectionEvent<C> & { tookMs: number; phases: readonly OpenPhase[] }): void;
  /** It could not be opened. */
  openFailed?(event: ConnectionEvent<C> & { error: ConnectError; phases: readonly OpenPhase[] }): void;
  /** It is closed. `error`: what killed it, or what `discard` was given. */
  closed?(
    event: ConnectionEvent<C> & { reason: CloseReason; error: unknown; ageMs: number; uses: number },
  ): void;
  /** A caller waits. Called in the caller's own turn and async context; `whenEnded` calls back once, when this wait has ended. */
  waiting?(event: {
    poolName: string;
    waiting: number;
    mode: LeaseMode;
    whenEnded: (told: (end: WaitEnd) => void) => void;
  }): void;
  /** A caller got a connection. */
  acquired?(event: ConnectionEvent<C> & { waitedMs: number; mode: LeaseMode }): void;
  /** A lease has ended. */
  released?(event: ConnectionEvent<C> & { usedMs: number; mode: LeaseMode }): void;
  /** A caller reached its deadline. */
  timedOut?(event: { poolName: string; waitedMs: number; error: Error }): void;
  /** A caller's signal was aborted while it waited. */
  aborted?(event: { poolName: string; waitedMs: number }): void;
  /** A connection was asked whether it lives. */
  validated?(event: ConnectionEvent<C> & { alive: boolean; tookMs: number }): void;
  /** A lease ended and left something behind, which the reset puts in order. `place`: where the lease began, if that was captured. */
  dirtyReturn?(event: ConnectionEvent<C> & { what: string; place: string | undefined }): void;
  /** A lease has lasted longer than `leakThresholdMs`; told once for each lease. */
  leaseOverdue?(event: ConnectionEvent<C> & { ageMs: number; place: string | undefined }): void;
  /** Its holder has ended a lease that was told of as overdue: it was slow, not lost. */
  overdueReturned?(event: ConnectionEvent<C> & { heldMs: number; place: string | undefined }): void;
  /**
   * A lease was garbage-collected and had not ended: nobody can end it any more. Its connection is lent no more, and closed when nothing has
   * been under way on it for a second, at the latest when the lease would be overdue. When it is told depends on the garbage collector alone;
   * `leaseOverdue` usually comes first.
   */
  leaseLeaked?(event: ConnectionEvent<C> & { ageMs: number; place: string | undefined }): void;
  /**
   * An outage has outlasted `acquireTimeoutMs`, and nothing is open: new callers are turned away at once, with `error`, while one attempt after
   * the other goes on. `outageMs`: since the first open that failed; `attempts`: opens that failed since the last success; `error`: the last failure.
   */
  breakerOpened?(event: { poolName: string; outageMs: number; attempts: number; error: ConnectError }): void;
  /** Callers are turned away no more. Told between two of `breakerOpened`, always, and before `recovered`. `openMs`: since the breaker opened. */
  breakerClosed?(event: {
    poolName: string;
    reason: BreakerClosedReason;
    openMs: number;
    outageMs: number;
    attempts: number;
  }): void;
  /** The first open after an outage succeeded. */
  recovered?(event: { poolName: string; outageMs: number; attempts: number }): void;
  /** The machine slept or the process was frozen: idle connections will be validated before use. */
  clockJumped?(event: { poolName: string; jumpMs: number }): void;
}

/** What `onLeak` of a pool is called with. */
export interface Leak extends ConnectionEvent {
  /** How long the lease has lasted, in milliseconds. */
  readonly ageMs: number;
  /** Where in the code it was acquired, if that was captured. */
  readonly place: string | undefined;
  /** It was garbage-collected and had not ended, so that nobody can end it any more. `false`: it is held still, and may come back. */
  readonly isProven: boolean;
}

type EventName = keyof PoolObserver;
type EventOf<C, Name extends EventName> = Parameters<NonNullable<PoolObserver<C>[Name]>>[0];

const eventNames: readonly EventName[] = [
  'opening',
  'opened',
  'openFailed',
  'closed',
  'waiting',
  'acquired',
  'released',
  'timedOut',
  'aborted',
  'validated',
  'dirtyReturn',
  'leaseOverdue',
  'overdueReturned',
  'leaseLeaked',
  'breakerOpened',
  'breakerClosed',
  'recovered',
  'clockJumped',
];

/** Names of the channels of `node:diagnostics_channel` on which every pool publishes its events, by event. */
export const channelNames: Readonly<Record<EventName, string>> = Object.fromEntries(
  eventNames.map((name) => [name, `openline:${name}`]),
) as Record<EventName, string>;

const channels = Object.fromEntries(eventNames.map((name) => [name, channel(channelNames[name])])) as Record<
  EventName,
  ReturnType<typeof channel>
>;

function warnOfObserver(name: string, error: unknown): void {
  process.emitWarning(`an observer's ${name}() threw: ${String(error)}`, {
    type: 'OpenlineWarning',
    code: 'OPENLINE_OBSERVER',
  });
}

/** The observers of one pool, with `node:diagnostics_channel` as the last of them. */
export class Observers<C> {
  readonly #observers: readonly PoolObserver<C>[];

  constructor(observers: readonly PoolObserver<C>[]) {
    this.#observers = observers;
  }

  /** Does anybody of this pool's own hear of the event? Who has subscribed to a channel may want to hear of other pools only. */
  hear(name: EventName): boolean {
    return this.#observers.some((observer) => observer[name] !== undefined);
  }

  /** Tells that a caller waits, and how it may be known what becomes of it. */
  tellWaiting(poolName: string, waiting: number, mode: LeaseMode, waiter: Waiter<C>): void {
    // An observer that is told first may end the wait, by the caller's signal or by a release, before the next one is told.
    let ended: WaitEnd | undefined;
    waiter.whenEnded((end) => {
      ended = end;
    });
    const whenEnded = (told: (end: WaitEnd) => void): void => {
      const tell = (end: WaitEnd): void => {
        try {
          told(end);
        } catch (error) {
          warnOfObserver('whenEnded', error);
        }
      };
      if (ended === undefined) waiter.whenEnded(tell);
      else tell(ended);
    };
    this.tell('waiting', { poolName, waiting, mode, whenEnded });
  }

  tell<Name extends EventName>(name: Name, event: EventOf<C, Name>): void {
    for (const observer of this.#observers) {
      try {
        (observer[name] as ((event: EventOf<C, Name>) => void) | undefined)?.call(observer, event);
      } catch (error) {
        warnOfObserver(name, error);
      }
    }
    if (channels[name].hasSubscribers) channels[name].publish(event);
  }
}
