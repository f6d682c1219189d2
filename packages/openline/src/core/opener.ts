// How connections begin: an open belongs to the pool, outlives the caller that caused it, and ends in one function.

import { outsideCallers } from './async-scope.ts';
import type { Closer } from './closer.ts';
import type { Connector, OpenContext } from './connector.ts';
import { ConnectError, PoolClosedError } from './errors.ts';
import type { OpenPhase } from './observer.ts';
import type { Parts } from './parts.ts';
import { type Slot, State } from './slot.ts';

/** Lifetimes are shortened by up to this share, so that connections never expire together. */
const lifetimeJitter = 0.1;

/** What the rest of the pool does when an open has ended. */
export interface OpenOutcomes<C> {
  /** An open has begun. */
  began(): void;
  /** The slot is open and idle to be. */
  opened(slot: Slot<C>): void;
  /** It failed; its place is empty or about to be. */
  failed(error: ConnectError, retryable: boolean): void;
  /** An open connection has died of itself. */
  lost(slot: Slot<C>, error: unknown): boolean;
  /** The peer of an open connection takes nothing new on it. */
  retired(slot: Slot<C>): void;
}

/** One attempt to open: its signal, its phases, its address. */
class Attempt implements OpenContext {
  readonly #controller = new AbortController();
  readonly #now: () => number;
  readonly #phases: OpenPhase[] = [];
  readonly startedAt: number;
  #phase: string | undefined;
  #phaseSince: number;
  #ended = false;
  to = '';

  constructor(now: () => number) {
    this.#now = now;
    this.startedAt = now();
    this.#phaseSince = this.startedAt;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get currentPhase(): string {
    return this.#phase ?? 'open';
  }

  phase(name: string): void {
    if (this.#ended) return;
    // The time before the first mark belongs to the first phase.
    if (this.#phase !== undefined) this.#endPhase(this.#now());
    this.#phase = name;
  }

  address(text: string): void {
    this.to = text;
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Ends the last phase and hands over all of them. */
  end(now: number): readonly OpenPhase[] {
    this.#ended = true;
    this.#endPhase(now);
    return this.#phases;
  }

  #endPhase(now: number): void {
    this.#phases.push({ name: this.currentPhase, tookMs: now - this.#phaseSince });
    this.#phaseSince = now;
  }
}

type Ending<C> =
  | { readonly how: 'opened'; readonly connection: C }
  | { readonly how: 'failed'; readonly error: unknown }
  | { readonly how: 'timed out' | 'abandoned' };

/** Opens connections. */
export class Opener<C> {
  readonly #parts: Parts<C>;
  readonly #closer: Closer<C>;
  readonly #outcomes: OpenOutcomes<C>;
  readonly #abandon = new Set<() => void>();
  /** Every open under way; each resolves to its failure, or to nothing. */
  readonly underWay: Set<Promise<ConnectError | undefined>> = new Set<Promise<ConnectError | undefined>>();

  constructor(parts: Parts<C>, closer: Closer<C>, outcomes: OpenOutcomes<C>) {
    this.#parts = parts;
    this.#closer = closer;
    this.#outcomes = outcomes;
  }

  /** Begins to open one connection. The promise never rejects. */
  open(): Promise<ConnectError | undefined> {
    const { slots, clock, observers, openingTime } = this.#parts;
    const slot = slots.add(clock.now());
    openingTime.began(slot.bornAt);
    this.#outcomes.began();
    observers.tell('opening', this.#parts.event(slot));
    const outcome = outsideCallers(() => this.#run(slot));
    this.underWay.add(outcome);
    void outcome.then(() => this.underWay.delete(outcome));
    return outcome;
  }

  /** Gives up every open under way: the pool closes. */
  abandonAll(): void {
    for (const abandon of this.#abandon) abandon();
  }

  async #run(slot: Slot<C>): Promise<ConnectError | undefined> {
    const { clock, connector, options } = this.#parts;
    const attempt = new Attempt(() => clock.now());
    this.#parts.opens.add(attempt);
    const opening = (async () => connector.open(attempt))();
    const ending = await new Promise<Ending<C>>((resolve) => {
      const timer = Number.isFinite(options.connectTimeoutMs)
        ? clock.setTimer(() => settle({ how: 'timed out' }), options.connectTimeoutMs)
        : undefined;
      const abandon = (): void => settle({ how: 'abandoned' });
      const settle = (result: Ending<C>): void => {
        timer?.cancel();
        this.#abandon.delete(abandon);
        resolve(result);
      };
      this.#abandon.add(abandon);
      opening.then(
        (connection) => settle({ how: 'opened', connection }),
        (error: unknown) => settle({ how: 'failed', error }),
      );
    });
    return this.#ended(slot, attempt, ending, opening);
  }

  /** Where every open ends, however it ends. */
  #ended(slot: Slot<C>, attempt: Attempt, ending: Ending<C>, opening: Promise<C>): ConnectError | undefined {
    const { breaker, clock, connector, growth, measures, observers, openingTime, outage, name } = this.#parts;
    const now = clock.now();
    const tookMs = now - attempt.startedAt;
    const { currentPhase } = attempt;
    const phases = attempt.end(now);
    this.#parts.opens.delete(attempt);
    openingTime.ended(now);
    if (ending.how === 'opened' && this.#settleIn(slot, ending.connection, now)) {
      growth.openTook(tookMs);
      measures.openTook(tookMs, phases);
      const recovered = outage.succeeded(now);
      observers.tell('opened', { ...this.#parts.event(slot), tookMs, phases });
      if (recovered !== undefined) {
        breaker.recovered(recovered.outageMs, recovered.attempts, now);
        observers.tell('recovered', { poolName: name, ...recovered });
      }
      this.#outcomes.opened(slot);
      return undefined;
    }
    const timedOut = ending.how === 'timed out';
    const attempts = ending.how === 'abandoned' ? outage.attempts : outage.count();
    const cause = causeOf(ending, name);
    const error = new ConnectError(
      name,
      { phase: currentPhase, address: attempt.to, attempts, tookMs, timedOut },
      cause,
    );
    if (ending.how !== 'abandoned') {
      measures.openFailed++;
      const full = isFull(connector, cause);
      if (full) {
        measures.refusedAsFull++;
        outage.refusedAsFull(now);
      }
      // A pool that has connections lives with them; for one that has none, a full server is as good as gone.
      if (!full || !this.#lives()) outage.failed(error, now);
      observers.tell('openFailed', { ...this.#parts.event(slot), error, phases });
      breaker.look(now);
    }
    if (ending.how === 'failed') this.#closer.vacate(slot);
    else this.#closeWhateverComes(slot, attempt, opening, error);
    if (ending.how !== 'abandoned') {
      this.#outcomes.failed(error, ending.how !== 'failed' || isRetryable(connector, cause));
    }
    return error;
  }

  /** Has the pool connections beside those that are being opened or closed? */
  #lives(): boolean {
    const { slots } = this.#parts;
    return slots.size > slots.count(State.opening) + slots.count(State.closing);
  }

  /** The attempt was given up: it is told so, and what it still brings is closed. It counts meanwhile, for a second at the most. */
  #closeWhateverComes(slot: Slot<C>, attempt: Attempt, opening: Promise<C>, error: ConnectError): void {
    this.#parts.slots.move(slot, State.closing);
    const gone = opening.then(
      (connection) => this.#closer.closeConnection(connection),
      () => undefined,
    );
    this.#closer.whenGone(gone, () => this.#closer.vacate(slot));
    attempt.abort(error);
  }

  /** Returns whether it takes leases: one that takes none from the first moment on would be opened again and again without a pause. */
  #settleIn(slot: Slot<C>, connection: C, now: number): boolean {
    const { connector, options } = this.#parts;
    slot.connection = connection;
    slot.bornAt = now;
    slot.answeredAt = now;
    slot.expiresAt = now + options.maxLifetimeMs * (1 - lifetimeJitter * Math.random());
    try {
      connector.onLost?.(connection, (error) => this.#outcomes.lost(slot, error));
      connector.onRetired?.(connection, () => this.#outcomes.retired(slot));
    } catch (error) {
      // It cannot tell of its end: whoever gets it must ask first.
      slot.suspect = true;
      slot.fault = error;
    }
    return slot.condemned !== 'retired' && this.#parts.capacityOf(slot) >= 1;
  }
}

function causeOf(ending: Ending<unknown>, poolName: string): unknown {
  switch (ending.how) {
    case 'opened':
      return new Error('the peer has opened the connection, and takes nothing on it');
    case 'failed':
      return ending.error;
    case 'abandoned':
      return new PoolClosedError(poolName);
    default:
      return undefined;
  }
}

function isFull(connector: Connector<unknown>, error: unknown): boolean {
  try {
    return connector.isFull?.(error) ?? false;
  } catch {
    return false;
  }
}

function isRetryable(connector: Connector<unknown>, error: unknown): boolean {
  try {
    return connector.isRetryable?.(error) ?? true;
  } catch {
    return true;
  }
}
