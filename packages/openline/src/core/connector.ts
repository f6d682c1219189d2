// All that the engine knows of a kind of connection.

import type { Lease } from './lease.ts';
import type { Line, Lines } from './placement.ts';

/** What `open` is given. Its members may be taken out of it: `open: async ({ signal, phase }) => …`. */
export interface OpenContext {
  /** Aborted when `connectTimeoutMs` is over or the pool closes: stop, and close what was begun. */
  readonly signal: AbortSignal;
  /** Marks the beginning of a phase of the handshake (`dns`, `tcp`, `tls`, `startup`, `authentication`…); the one before ends. */
  phase(name: string): void;
  /** The address in words, without credentials, for errors and observers. */
  address(text: string): void;
}

/** What `validate` and `reset` are given. Its members may be taken out of it. */
export interface CheckContext {
  /** Aborted when the time for it is over: what comes later is ignored and the connection is closed. */
  readonly signal: AbortSignal;
  /** Reports, in a reset, what the lease left behind: observers are told of it as `dirtyReturn`, with the place where the lease began. Ignored in a validation. */
  dirty(what: string): void;
}

/**
 * How to open, check and close one kind of connection. `{ open: async () => thing }` is a complete connector.
 *
 * @typeParam C - the connection
 */
export interface Connector<C> {
  /** Opens one connection. Called in no caller's async context. */
  open(context: OpenContext): Promise<C>;
  /** Resolves when the connection is alive; rejects, or resolves to `false`, when it is not. Without it, idle connections are lent unasked. */
  validate?(connection: C, context: CheckContext): Promise<unknown>;
  /**
   * The most opens that may be under way now, from 1: a server of which it is not known how much one connection carries is asked with one. Asked
   * before opens begin, and again when one has ended. Without it: as many as are wanted.
   */
  opensAtOnce?(): number;
  /** Puts a connection in order after a lease. Returns nothing when nothing was to be done; a rejection closes the connection. */
  reset?(connection: C, context: CheckContext): Promise<unknown> | undefined;
  /** Closes the connection; resolves when its socket is closed. After one second the pool no longer waits. */
  close?(connection: C): Promise<unknown> | undefined;
  /** Has this error, thrown in a lease, killed the connection? Without it every error is survived. */
  isFatal?(error: unknown, connection: C): boolean;
  /** Is a failed open worth another try (a refused socket is, a wrong password is not)? Without it every failure is. */
  isRetryable?(error: unknown): boolean;
  /** Did an open fail because the server takes no more connections? A pool that has some then lives with them, and tries seldom. Without it no failure means that. */
  isFull?(error: unknown): boolean;
  /** Calls `lost` when the connection dies of itself, lent or idle; it returns whether the connection was idle. Called once, after the open. */
  onLost?(connection: C, lost: (error: unknown) => boolean): void;
  /**
   * Calls `retire` when the peer takes nothing new on the connection but finishes what is under way (HTTP/2's GOAWAY): it is lent no more,
   * and closed once nobody has it. No sign of an outage. Called once, after the open.
   */
  onRetired?(connection: C, retire: () => void): void;
  /**
   * How long it may be idle and still be lent, in milliseconds: asked each time that it becomes idle, since its peer may close idle
   * connections early. It is closed to the moment then, `min` or not, and never lent later. `Infinity`: only `idleTimeoutMs` limits it; 0: it
   * goes to those who wait already, or to nobody. Without it: `Infinity`.
   */
  reusableForMs?(connection: C): number;
  /**
   * Is nothing under way on it? Asked when a lease ends, after `reset`: a connection that is not quiet then is closed. Asked also while the
   * connection of a lease that was garbage-collected may be in use still: it is closed when it has been quiet for a second. Without it such a
   * connection is closed at `leakThresholdMs`.
   */
  isQuiet?(connection: C): boolean;
  /** Is its peer at work on a request of it? Asked of lent connections when somebody looks, to tell whether the time of a lease goes to the peer or to its holder. */
  isWorking?(connection: C): boolean;
  /**
   * What its peer is at work on, in the words of the request. It may hold what nobody else should read, so only {@link Pool.requests} tells it: no error,
   * event or metric does.
   */
  requestOn?(connection: C): string | undefined;
  /** Is it lent for long on purpose? Then nobody is told that this lease of it is overdue. */
  isKept?(connection: C, lease: Lease<C>): boolean;
  /**
   * How many shared leases it carries at once. Default 1. Asked before each shared lease and whenever nobody has the connection, since a peer may
   * change it: leases beyond it go on. Below 1: it takes no lease at all, and is closed once nobody has it; a connection that is so from its
   * opening on counts as an open that failed.
   */
  capacity?(connection: C): number;
  /**
   * Chooses the line for a shared lease, by what it is wanted for (`claim` of the acquire); nothing when the caller had better wait than share
   * one, but an idle connection is taken all the same. Without it: an idle connection, else the line with the smallest share of its capacity in use.
   */
  place?(lines: Lines<C>, claim: unknown): Line<C> | undefined;
  /**
   * Shared leases are over much sooner than exclusive ones. Where both wait and `max` is above 1, a connection that comes free then serves the
   * shared ones first, and an exclusive one is passed by a bounded number of them. Default `false`: the oldest first.
   */
  readonly sharesFirst?: boolean;
}
