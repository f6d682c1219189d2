// The tests' own record of who asked, who holds what, and what that must never look like.
import type { AcquireOptions, Lease, LeaseMode } from 'openline';
import type { FakeConnection, FakeConnector, ManualClock } from 'openline/testing';

/** One acquire. */
export interface Caller {
  /** Its number in the order of asking. */
  readonly number: number;
  readonly mode: LeaseMode;
  readonly deadline: number;
  readonly expectedMs: number;
  readonly aborter: AbortController | undefined;
  state: 'pending' | 'holding' | 'refused' | 'ended';
  lease: Lease<FakeConnection> | undefined;
  error: { kind?: string } | undefined;
}

/** Records every acquire and every loan, and throws at the first one that breaks a promise of the pool's. */
export class Ledger {
  readonly callers: Caller[] = [];
  readonly #clock: ManualClock;
  readonly #connector: FakeConnector;
  readonly #holders = new Map<FakeConnection, Set<Caller>>();
  /** The last number served, by mode: each mode is served in the order of asking. */
  readonly #served: Record<LeaseMode, number> = { exclusive: -1, shared: -1 };
  #servedAlone = -1;
  /** Connections that nobody may get any more: from the next settling on, since a lease may be on its way. */
  readonly #condemned = new Set<FakeConnection>();
  readonly #toCondemn = new Set<FakeConnection>();
  /** What was found in a callback, to be thrown where the test can see it. */
  readonly #broken: string[] = [];

  constructor(clock: ManualClock, connector: FakeConnector) {
    this.#clock = clock;
    this.#connector = connector;
  }

  /** Records an acquire and what becomes of it. */
  asked(
    promise: Promise<Lease<FakeConnection>>,
    options: AcquireOptions,
    defaultTimeoutMs: number,
    aborter: AbortController | undefined,
  ): Caller {
    const deadline = this.#clock.now() + (options.timeoutMs ?? defaultTimeoutMs);
    const mode = options.mode ?? 'exclusive';
    const caller = this.#add({ mode, deadline, expectedMs: options.expectedMs ?? 0, aborter });
    promise.then(
      (lease) => this.#granted(caller, lease),
      (error: { kind?: string }) => {
        caller.state = 'refused';
        caller.error = error;
      },
    );
    return caller;
  }

  /** The lease of a caller is about to end. */
  ends(caller: Caller): Lease<FakeConnection> {
    const lease = caller.lease!;
    this.#holders.get(lease.connection)?.delete(caller);
    caller.state = 'ended';
    return lease;
  }

  /** The connection was discarded, or has died. */
  condemn(connection: FakeConnection): void {
    this.#toCondemn.add(connection);
  }

  /** Forgets the leases that the pool has taken back. */
  forgetEnded(): void {
    for (const caller of this.holding) if (caller.lease!.ended) caller.state = 'ended';
  }

  get pending(): Caller[] {
    return this.callers.filter(({ state }) => state === 'pending');
  }

  get holding(): Caller[] {
    return this.callers.filter(({ state }) => state === 'holding');
  }

  /** Checks what must hold once promises have settled. */
  check(): void {
    const now = this.#clock.now();
    for (const { number, deadline } of this.pending) {
      // A timer's delay is rounded up to whole milliseconds.
      this.#expect(now < deadline + 1, `caller ${number} waits at ${now}, beyond its deadline ${deadline}`);
    }
    for (const connection of this.#toCondemn) this.#condemned.add(connection);
    this.#toCondemn.clear();
    const passed = this.pending.filter(({ number }) => number < this.#servedAlone);
    this.#expect(passed.length === 0, `caller ${this.#servedAlone} overtook ${passed[0]?.number}`);
    this.throwIfBroken();
  }

  /** Throws what was found so far. */
  throwIfBroken(): void {
    if (this.#broken.length > 0) throw new Error(this.#broken.join('; '));
  }

  #add(caller: Pick<Caller, 'mode' | 'deadline' | 'expectedMs' | 'aborter'>): Caller {
    const number = this.callers.length;
    const added: Caller = { ...caller, number, state: 'pending', lease: undefined, error: undefined };
    this.callers.push(added);
    return added;
  }

  #granted(caller: Caller, lease: Lease<FakeConnection>): void {
    const { number, mode } = caller;
    caller.lease = lease;
    caller.state = lease.ended ? 'ended' : 'holding';
    if (lease.ended) return;
    const { connection } = lease;
    const others = this.#holders.get(connection) ?? new Set();
    this.#holders.set(connection, others);
    const alone = mode === 'exclusive' || [...others].some((other) => other.mode === 'exclusive');
    const { id } = connection;
    this.#expect(others.size === 0 || !alone, `connection ${id} lent to ${number} and ${others.size} others`);
    others.add(caller);
    this.#expect(this.#connector.live.has(connection), `connection ${id} was lent after its close`);
    this.#expect(!this.#condemned.has(connection), `connection ${id} was lent though it was condemned`);
    const checks = [...this.#connector.validations, ...this.#connector.resets];
    const checked = checks.some((call) => call.connection === connection && !call.settled);
    this.#expect(!checked, `connection ${id} was lent while it was validated or reset`);
    this.#expect(number > this.#served[mode], `caller ${number} was served after ${this.#served[mode]}`);
    this.#served[mode] = number;
    if (mode === 'exclusive') this.#servedAlone = number;
  }

  #expect(holds: boolean, otherwise: string): void {
    if (!holds) this.#broken.push(otherwise);
  }
}
