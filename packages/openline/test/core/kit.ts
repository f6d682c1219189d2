// What every test of the engine starts with, and what must hold when it ends.
import { createPool, type Lease, type Pool, type PoolOptions } from 'openline';
import {
  assertInvariants,
  type FakeConnection,
  FakeConnector,
  type FakeConnectorOptions,
  ManualClock,
} from 'openline/testing';
import { expect, onTestFinished } from 'vitest';
import { hearsOfLeaks } from '../support/planted-leaks.ts';

export interface Kit {
  readonly clock: ManualClock;
  readonly connector: FakeConnector;
  readonly pool: Pool<FakeConnection>;
}

export interface KitOptions extends PoolOptions<FakeConnection> {
  readonly connector?: FakeConnectorOptions;
  /** Connections that the test leaves open on purpose: detached ones. */
  readonly leftOpen?: number;
  /** Whether the process is to be warned of leaks that the test's own observers do not hear of. Default `false`. */
  readonly warnsOfLeaks?: boolean;
}

/** A pool on a manual clock and a fake connector; closed when the test ends, when nothing may be left of it. */
export function setUp({
  connector: script,
  leftOpen = 0,
  warnsOfLeaks = false,
  observers: given = [],
  ...options
}: KitOptions = {}): Kit {
  const clock = new ManualClock({ nowMs: 1_000 });
  const connector = new FakeConnector({ clock, ...script });
  const observers = warnsOfLeaks ? given : [...given, hearsOfLeaks];
  const pool = createPool<FakeConnection>(connector, { clock, name: 'test', ...options, observers });
  onTestFinished(async () => {
    assertInvariants(pool);
    const closing = new Watched(pool.close({ timeoutMs: 0 }), clock);
    for (let ms = 0; ms < 12_000 && closing.state === 'pending'; ms += 50) await clock.advance(50);
    expect(closing.state).toBe('resolved');
    assertInvariants(pool);
    expect(timersOfPool(clock, connector), 'timers left after close()').toBe(0);
    // Whatever comes late is closed too.
    for (const open of connector.opens) open.succeed();
    await clock.advance(1_000);
    expect(connector.misuses).toEqual([]);
    expect(connector.live.size, 'connections left open').toBe(leftOpen);
  });
  return { clock, connector, pool };
}

/** How many timers are set that are not those of the connector's own slow steps. */
export function timersOfPool(clock: ManualClock, connector: FakeConnector): number {
  const calls = [...connector.opens, ...connector.validations, ...connector.resets, ...connector.closes];
  return clock.pending.length - calls.filter(({ step, settled }) => step === 'slow' && !settled).length;
}

/** What a promise has come to, without waiting for it. */
export type Outcome<T> =
  | { readonly state: 'pending' }
  | { readonly state: 'resolved'; readonly value: T }
  | { readonly state: 'rejected'; readonly error: Error & { code?: string } };

/** Watches a promise: its outcome can be read at any time, and a rejection is handled. */
export class Watched<T> {
  outcome: Outcome<T> = { state: 'pending' };
  /** The manual time at which it settled. */
  settledAt: number | undefined;

  constructor(promise: Promise<T>, clock: ManualClock) {
    promise.then(
      (value) => this.#settled({ state: 'resolved', value }, clock),
      (error: Error) => this.#settled({ state: 'rejected', error }, clock),
    );
  }

  #settled(outcome: Outcome<T>, clock: ManualClock): void {
    this.outcome = outcome;
    this.settledAt = clock.now();
  }

  get state(): Outcome<T>['state'] {
    return this.outcome.state;
  }

  /** Its value; fails the test when it has none. */
  get value(): T {
    if (this.outcome.state === 'resolved') return this.outcome.value;
    throw new Error(`not resolved: ${this.outcome.state}`, { cause: this.error });
  }

  /** Its error, if it was rejected. */
  get error(): (Error & { code?: string }) | undefined {
    return this.outcome.state === 'rejected' ? this.outcome.error : undefined;
  }
}

/** Calls acquire and watches it. */
export function ask(
  { pool, clock }: Kit,
  options?: Parameters<Pool<FakeConnection>['acquire']>[0],
): Watched<Lease<FakeConnection>> {
  return new Watched(pool.acquire(options), clock);
}

/** Fills the pool with `n` idle connections. The last one opened is the most recently used. */
export async function openIdle(kit: Kit, n: number): Promise<void> {
  const warming = kit.pool.warm(n);
  await kit.clock.settle();
  await warming;
}

/** Leases `n` connections at once. */
export async function lease(kit: Kit, n: number, mode?: 'shared'): Promise<Lease<FakeConnection>[]> {
  const asked = Array.from({ length: n }, () => ask(kit, mode === undefined ? undefined : { mode }));
  await kit.clock.settle();
  return asked.map((each) => each.value);
}

/** Numbers from 0 to 1 that look random, and are the same in every run. */
export function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
