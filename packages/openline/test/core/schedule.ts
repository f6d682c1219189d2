// Runs one random schedule: lets its steps happen, and checks after each that all is as it should be.
import { createPool, type LeaseMode, type Pool } from 'openline';
import {
  assertInvariants,
  type FakeCall,
  type FakeConnection,
  FakeConnector,
  type FakeStepName,
  ManualClock,
} from 'openline/testing';
import { type Caller, Ledger } from './ledger.ts';
import { OpenCount } from './open-count.ts';
import type { Setting, Step } from './steps.ts';

/** A pool on a manual clock, that things happen to. */
export class Schedule {
  readonly clock: ManualClock = new ManualClock({ nowMs: 1_000 });
  readonly connector: FakeConnector;
  readonly pool: Pool<FakeConnection>;
  readonly ledger: Ledger;
  readonly #setting: Setting;
  readonly #detached = new Set<FakeConnection>();
  readonly #lost = new Set<FakeConnection>();
  #max: number;
  #shrunkFrom: number | undefined;
  #closing: Promise<void> | undefined;
  #closed = false;
  #suspended = false;
  readonly #connections: OpenCount;
  /** Refreshes and warmings under way. */
  #tasks = 0;

  constructor(setting: Setting) {
    const { seed, acquireTimeoutMs, validateAfterIdleMs, max, min, ...script } = setting;
    this.#setting = setting;
    this.#max = max;
    this.connector = new FakeConnector({ ...script, clock: this.clock });
    this.#connections = new OpenCount(this.clock, this.connector);
    this.pool = createPool(this.connector, {
      clock: this.clock,
      name: `schedule-${seed}`,
      max,
      min,
      acquireTimeoutMs,
      validateAfterIdleMs,
      connectTimeoutMs: 1_000,
      idleTimeoutMs: 20_000,
      maxLifetimeMs: 60_000,
      keepaliveMs: 10_000,
      maxWaiters: 8,
      maxUses: 5,
    });
    this.ledger = new Ledger(this.clock, this.connector);
  }

  /** Lets one thing happen, then checks everything. */
  async step(step: Step, settles: boolean): Promise<void> {
    const opens = this.connector.opens.length;
    const suspended = this.#suspended && this.#tasks === 0;
    this.#forgive();
    await this.#happen(step);
    this.check();
    if (settles) await this.settle();
    const mayOpen = !suspended || step.do === 'resume' || step.do === 'refresh' || step.do === 'warm';
    if (!mayOpen && this.connector.opens.length > opens) throw new Error('opened while suspended');
  }

  async settle(): Promise<void> {
    await this.clock.settle();
    this.#forgive();
    this.check();
    this.ledger.check();
    const leases = this.pool.holders().length;
    const held = this.ledger.holding.length;
    if (leases !== held) throw new Error(`the pool counts ${leases} leases, ${held} are held`);
  }

  /** A pool that closes takes back what is not returned in time. */
  #forgive(): void {
    if (this.#closing !== undefined) this.ledger.forgetEnded();
  }

  check(): void {
    if (this.#shrunkFrom !== undefined && this.pool.connections().length <= this.#max)
      this.#shrunkFrom = undefined;
    const shrunk = this.#shrunkFrom === undefined ? {} : { shrunkFrom: this.#shrunkFrom };
    assertInvariants(this.pool, { capacity: this.#setting.capacity, ...shrunk });
    this.ledger.throwIfBroken();
    const count = this.#connections.count();
    const most = Math.max(this.#max, this.#shrunkFrom ?? 0);
    if (count > most) throw new Error(`${count} connections are opening, open or closing, above max ${most}`);
    if (this.connector.misuses.length > 0) throw new Error(this.connector.misuses.join('; '));
  }

  async #happen(step: Step): Promise<void> {
    switch (step.do) {
      case 'acquire':
        this.ask(step);
        return;
      case 'tryAcquire': {
        const { waiting } = this.pool.stats();
        const lease = this.#closing === undefined ? this.pool.tryAcquire(step.mode) : undefined;
        if (lease === undefined) return;
        if (waiting > 0) throw new Error(`tryAcquire passed ${waiting} waiters`);
        this.ledger.asked(Promise.resolve(lease), { mode: step.mode }, 0, undefined);
        return;
      }
      case 'abort':
        pick(this.ledger.pending, step.which)?.aborter?.abort(new Error('aborted'));
        return;
      case 'release':
      case 'discard':
      case 'detach':
      case 'endTwice':
        this.#end(
          step.do,
          pick(step.do === 'endTwice' ? this.ledger.callers : this.ledger.holding, step.which),
        );
        return;
      case 'lose':
        this.#lose(pick([...this.connector.live], step.which));
        return;
      case 'busy': {
        const connection = pick([...this.connector.live], step.which);
        if (connection !== undefined) this.connector.busy.add(connection);
        return;
      }
      case 'gate': {
        const call = pick(
          this.calls(step.step).filter(({ settled }) => !settled),
          step.which,
        );
        if (step.succeeds) call?.succeed();
        else call?.fail();
        return;
      }
      case 'script':
        this.connector.set(step.step, step.as);
        return;
      case 'freeze':
        this.clock.jump(step.ms);
        await this.clock.advance(0);
        return;
      case 'advance':
        await this.clock.advance(step.ms);
        return;
      default:
        this.#manage(step);
    }
  }

  #manage(step: Extract<Step, { do: 'resize' | 'refresh' | 'warm' | 'close' | 'suspend' | 'resume' }>): void {
    switch (step.do) {
      case 'resize':
        if (step.max < this.#max) this.#shrunkFrom = Math.max(this.#shrunkFrom ?? 0, this.#max);
        this.#max = step.max;
        this.pool.resize({ max: step.max, min: step.min });
        return;
      case 'refresh':
        this.#follow(this.pool.refresh({ immediate: step.immediate }));
        return;
      case 'warm':
        this.#follow(this.pool.warm(Math.min(step.n, this.#max)));
        return;
      case 'close':
        this.close(step.timeoutMs);
        return;
      default:
        this.pool[step.do]();
        this.#suspended = step.do === 'suspend';
    }
  }

  ask({
    mode,
    timeoutMs,
    aborts,
  }: {
    mode: LeaseMode;
    timeoutMs: number | undefined;
    aborts: boolean;
  }): Caller {
    const aborter = aborts ? new AbortController() : undefined;
    const options = { mode, timeoutMs, signal: aborter?.signal };
    return this.ledger.asked(this.pool.acquire(options), options, this.#setting.acquireTimeoutMs, aborter);
  }

  #end(how: 'release' | 'discard' | 'detach' | 'endTwice', caller: Caller | undefined): void {
    if (caller?.lease === undefined) return;
    if (how === 'endTwice') {
      if (caller.state === 'ended') mustThrow(() => caller.lease!.connection);
      return;
    }
    if (how === 'detach') {
      if (caller.mode === 'shared') return;
      const { connection } = caller.lease;
      this.ledger.ends(caller).detach();
      this.#detached.add(connection);
      if (this.#lost.has(connection)) this.connector.live.delete(connection);
      return;
    }
    const lease = this.ledger.ends(caller);
    lease[how]();
    mustThrow(() => lease.release());
  }

  /** The holder of a detached connection closes it; any other one dies. */
  #lose(connection: FakeConnection | undefined): void {
    if (connection === undefined) return;
    this.#lost.add(connection);
    if (this.#detached.has(connection)) this.connector.live.delete(connection);
    this.connector.lose(connection);
  }

  #follow(task: Promise<void>): void {
    this.#tasks++;
    const end = (): void => {
      this.#tasks--;
    };
    task.then(end, end);
  }

  calls(step: FakeStepName): readonly FakeCall[] {
    const { opens, validations, resets, closes } = this.connector;
    return { open: opens, validate: validations, reset: resets, close: closes }[step];
  }

  close(timeoutMs: number): void {
    this.#closing ??= this.pool.close({ timeoutMs }).then(() => {
      this.#closed = true;
    });
  }

  /** The server is well again, and every holder gives back what it has: everybody must be served. */
  async recover(): Promise<void> {
    if (this.#closing !== undefined) return;
    this.#allWell();
    this.pool.resume();
    for (const connection of this.#detached) this.#lose(connection);
    const askAgain = (mode: LeaseMode): Caller =>
      this.ask({ mode, timeoutMs: Number.POSITIVE_INFINITY, aborts: false });
    let fresh = [askAgain('exclusive'), askAgain('shared'), askAgain('exclusive')];
    for (let round = 0; round < 60; round++) {
      for (const caller of this.ledger.holding) this.ledger.ends(caller).release();
      this.#allWell();
      await this.clock.advance(500);
      await this.settle();
      fresh = fresh.map((caller) => (caller.state === 'refused' ? askAgain(caller.mode) : caller));
      const served = fresh.every(({ state }) => state === 'holding' || state === 'ended');
      if (served && this.ledger.pending.length === 0) return;
    }
    const { leased, idle, waiting } = this.pool.stats();
    throw new Error(`nobody is served any more: ${leased} leased, ${idle} idle, ${waiting} waiting`);
  }

  /** Closes the pool: nothing may be left. */
  async finish(): Promise<void> {
    this.#allWell();
    this.close(100);
    await this.clock.advance(10_000);
    await this.settle();
    if (!this.#closed) throw new Error('close() did not resolve');
    // What was given up long ago may still come.
    this.#allWell();
    await this.settle();
    const pending = this.ledger.pending.length;
    const left = [...this.connector.live].filter((connection) => !this.#detached.has(connection)).length;
    const timers = this.clock.pending.length;
    const { size, detached } = this.pool.stats();
    if (pending + left + timers + this.#tasks + size - detached === 0) return;
    throw new Error(
      `after close(): ${pending} callers wait, ${left} connections are open, ${timers} timers are set, ${this.#tasks} tasks go on, ${size - detached} places are taken`,
    );
  }

  #allWell(): void {
    for (const step of ['open', 'validate', 'reset', 'close'] as const) {
      this.connector.set(step, 'ok');
      for (const call of this.calls(step)) call.succeed();
    }
    this.connector.busy.clear();
  }
}

function pick<T>(from: readonly T[], which: number): T | undefined {
  return from.length === 0 ? undefined : from[which % from.length];
}

function mustThrow(work: () => unknown): void {
  try {
    work();
  } catch {
    return;
  }
  throw new Error('a lease that had ended was used');
}
