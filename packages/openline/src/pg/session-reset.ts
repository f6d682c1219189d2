// What becomes of a session when its client comes back: how far it is put in order, by the pool's policy.

import type { ClientBase, PoolClient } from 'pg';
import { asPoolClient, type DriverClient } from './driver.ts';
import { addedSince, LoanListeners, listenersOf, type Registered, takeOff } from './loan-listeners.ts';
import { run, transactionLeft, untilQuiet } from './rest.ts';
import { SessionTrace, Verdicts } from './session-trace.ts';

/** See {@link PgPoolOptions.reset}. */
export type ResetPolicy = 'transaction' | 'session' | ((client: PoolClient) => unknown);

/** The user's hook for a new session. */
export type SessionHook = (client: ClientBase) => unknown;

/** What is known of one client's session. */
class Session {
  readonly listeners: LoanListeners;
  /** Watched only where the policy asks for it. */
  readonly trace: SessionTrace | undefined;
  /** Whether a user has had it since it was last put in order. */
  wasLent = false;

  constructor(client: DriverClient, verdicts: Verdicts | undefined) {
    this.listeners = new LoanListeners(client);
    this.trace = verdicts && new SessionTrace(client, verdicts);
  }
}

/** The sessions of one pool. */
export class Sessions {
  readonly #policy: ResetPolicy;
  readonly #hook: () => SessionHook | undefined;
  readonly #verdicts: Verdicts | undefined;
  readonly #sessions = new WeakMap<DriverClient, Session>();
  /** The listeners that the hook added to a client when it ran last. */
  readonly #hooked = new WeakMap<DriverClient, Registered>();

  /** @param hook - the pool's `onConnect`, asked for each time */
  constructor(policy: ResetPolicy, hook: () => SessionHook | undefined) {
    this.#policy = policy;
    this.#hook = hook;
    this.#verdicts = policy === 'transaction' ? undefined : new Verdicts();
  }

  /** A client has connected, and its hooks have run: what they left is meant for every user. */
  opened(client: DriverClient): void {
    this.#sessions.set(client, new Session(client, this.#verdicts));
  }

  /** A user is about to have the client. */
  lent(client: DriverClient): void {
    const session = this.#sessions.get(client);
    if (session === undefined) return;
    session.wasLent = true;
    session.listeners.lent();
  }

  /** It has come back: the user's listeners go. */
  returned(client: DriverClient): void {
    this.#sessions.get(client)?.listeners.returned();
  }

  /** Whether there is more to be put in order than a transaction. */
  isToRestore(client: DriverClient): boolean {
    if (this.#policy === 'transaction') return false;
    const session = this.#sessions.get(client);
    if (session === undefined) return false;
    return session.trace!.touched || (this.#policy !== 'session' && session.wasLent);
  }

  /**
   * Puts a quiet session without a transaction in order.
   *
   * @throws (rejects) where that failed: the connection is to be closed.
   */
  async restore(client: DriverClient, signal: AbortSignal): Promise<void> {
    const session = this.#sessions.get(client)!;
    if (typeof this.#policy === 'function') await this.#policy(asPoolClient(client));
    else await this.#discardAll(client);
    await untilQuiet(client, signal);
    if (transactionLeft(client) !== undefined) throw new Error('its reset left a transaction open');
    session.trace!.clear();
    session.wasLent = false;
  }

  async #discardAll(client: DriverClient): Promise<void> {
    await run(client, 'DISCARD ALL');
    forgetNames(client);
    await this.runHook(client);
  }

  /** Runs the pool's hook. Listeners that it added the last time are taken off before: it adds them again. */
  async runHook(client: DriverClient): Promise<void> {
    const hook = this.#hook();
    if (!hook) return;
    const hooked = this.#hooked.get(client);
    if (hooked !== undefined) takeOff(client, hooked);
    const before = listenersOf(client);
    await hook(asPoolClient(client));
    this.#hooked.set(client, addedSince(client, before));
  }
}

/** The driver believes that the server still has what it has prepared. */
function forgetNames({ connection, namedQueries }: DriverClient): void {
  for (const names of [connection?.parsedStatements, connection?.submittedNamedStatements, namedQueries]) {
    for (const name of Object.keys(names ?? {})) delete names![name];
  }
}
