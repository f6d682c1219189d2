// What can happen to a pool in a random schedule, done to a real one.
import { type Budget, createPool, type LeaseMode, type Pool } from 'openline';
import {
  type FakeCall,
  type FakeConnection,
  FakeConnector,
  type FakeStepName,
  ManualClock,
} from 'openline/testing';
import { BreakerWatch } from './breaker-watch.ts';
import { type Caller, Ledger } from './ledger.ts';
import { LendingWatch } from './lending-watch.ts';
import { OpenCount } from './open-count.ts';
import type { Setting, Step } from './steps.ts';

/** A pool on a manual clock, that things happen to. */
export class Scene {
  readonly clock: ManualClock;
  readonly connector: FakeConnector;
  readonly pool: Pool<FakeConnection>;
  readonly ledger: Ledger;
  readonly connections: OpenCount;
  protected readonly watch: LendingWatch;
  readonly breaker: BreakerWatch = new BreakerWatch();
  protected readonly setting: Setting;
  protected readonly detached: Set<FakeConnection> = new Set<FakeConnection>();
  protected readonly lost: Set<FakeConnection> = new Set<FakeConnection>();
  protected max: number;
  /** `max` before it was made smaller, as long as connections above the new one are on their way out. */
  protected shrunkFrom: number | undefined;
  protected closing: Promise<void> | undefined;
  protected closed: boolean = false;
  protected suspended: boolean = false;
  /** Refreshes and warmings under way. */
  protected tasks: number = 0;

  /** Others have timers on the clock, too. */
  protected readonly sharesClock: boolean;

  get isClosing(): boolean {
    return this.closing !== undefined;
  }

  constructor(
    setting: Setting,
    shared?: { readonly clock: ManualClock; readonly budget: Budget; readonly number: number },
  ) {
    this.clock = shared?.clock ?? new ManualClock({ nowMs: 1_000 });
    this.sharesClock = shared !== undefined;
    const { seed, acquireTimeoutMs, validateAfterIdleMs, max, min, ...rest } = setting;
    const { watched, reusableForMs, ...script } = rest;
    this.setting = setting;
    this.max = max;
    const reuse = reusableForMs === undefined ? {} : { reusableForMs };
    this.connector = new FakeConnector({ ...script, ...reuse, clock: this.clock });
    // Before the pool, which opens its min at once.
    this.connections = new OpenCount(this.clock, this.connector);
    this.watch = new LendingWatch(this.clock, this.connector);
    this.pool = createPool(this.connector, {
      clock: this.clock,
      name: `schedule-${seed}-${shared?.number ?? 0}`,
      budget: shared?.budget,
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
      observers: watched ? [this.watch, this.breaker] : [this.breaker],
    });
    this.ledger = new Ledger(this.clock, this.connector);
  }

  protected async happen(step: Step): Promise<void> {
    switch (step.do) {
      case 'acquire':
        this.ask(step);
        return;
      case 'tryAcquire': {
        const { waiting } = this.pool.stats();
        const lease = this.closing === undefined ? this.pool.tryAcquire(step.mode) : undefined;
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
        this.lose(pick([...this.connector.live], step.which));
        return;
      case 'capacity': {
        const connection = pick([...this.connector.live], step.which);
        const capacity = Math.min(step.capacity, this.setting.capacity);
        if (connection !== undefined) this.connector.setCapacity(capacity, connection);
        return;
      }
      case 'retire': {
        const connection = pick([...this.connector.live], step.which);
        if (connection !== undefined && this.connector.retire(connection)) this.ledger.condemn(connection);
        return;
      }
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
        if (step.max < this.max) this.shrunkFrom = Math.max(this.shrunkFrom ?? 0, this.max);
        this.max = step.max;
        this.pool.resize({ max: step.max, min: step.min });
        return;
      case 'refresh':
        this.#follow(this.pool.refresh({ immediate: step.immediate }));
        return;
      case 'warm':
        this.#follow(this.pool.warm(Math.min(step.n, this.max)));
        return;
      case 'close':
        this.close(step.timeoutMs);
        return;
      default:
        this.pool[step.do]();
        this.suspended = step.do === 'suspend';
    }
  }

  ask({
    mode,
    timeoutMs,
    expectedMs,
    aborts,
  }: {
    mode: LeaseMode;
    timeoutMs: number | undefined;
    expectedMs: number | undefined;
    aborts: boolean;
  }): Caller {
    const aborter = aborts ? new AbortController() : undefined;
    const options = { mode, timeoutMs, expectedMs, signal: aborter?.signal };
    return this.ledger.asked(this.pool.acquire(options), options, this.setting.acquireTimeoutMs, aborter);
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
      this.detached.add(connection);
      if (this.lost.has(connection)) this.connector.live.delete(connection);
      return;
    }
    const { connection } = caller.lease;
    const lease = this.ledger.ends(caller);
    lease[how]();
    if (how === 'discard') this.ledger.condemn(connection);
    mustThrow(() => lease.release());
  }

  /** The holder of a detached connection closes it; any other one dies. */
  protected lose(connection: FakeConnection | undefined): void {
    if (connection === undefined) return;
    const told = this.connector.lose(connection);
    if (told) this.lost.add(connection);
    if (told) this.ledger.condemn(connection);
    if (told && this.detached.has(connection)) this.connector.live.delete(connection);
  }

  #follow(task: Promise<void>): void {
    this.tasks++;
    const end = (): void => {
      this.tasks--;
    };
    task.then(end, end);
  }

  calls(step: FakeStepName): readonly FakeCall[] {
    const { opens, validations, resets, closes } = this.connector;
    return { open: opens, validate: validations, reset: resets, close: closes }[step];
  }

  close(timeoutMs: number): void {
    this.closing ??= this.pool.close({ timeoutMs }).then(() => {
      this.closed = true;
    });
  }

  /** From now on every step succeeds, and so do those under way. */
  protected allWell(): void {
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
