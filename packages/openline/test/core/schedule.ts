// Runs one random schedule: lets its steps happen, and checks after each that all is as it should be.
import type { LeaseMode } from 'openline';
import { assertInvariants } from 'openline/testing';
import { timersOfPool } from './kit.ts';
import type { Caller } from './ledger.ts';
import { Scene } from './scene.ts';
import type { Step } from './steps.ts';

/** A scene that is checked after each step, and at its end. */
export class Schedule extends Scene {
  /** The first exclusive caller while it waits beside an idle connection. */
  #heldBack: { head: Caller; since: number } | undefined;

  /** Lets one thing happen, then checks everything. */
  async step(step: Step, settles: boolean): Promise<void> {
    const opens = this.connector.opens.length;
    const suspended = this.suspended && this.tasks === 0;
    this.#forgive();
    await this.happen(step);
    this.check();
    if (settles) await this.settle();
    const mayOpen = !suspended || step.do === 'resume' || step.do === 'refresh' || step.do === 'warm';
    if (!mayOpen && this.connector.opens.length > opens) throw new Error('opened while suspended');
  }

  async settle(): Promise<void> {
    await this.clock.settle();
    this.#forgive();
    this.breaker.check(this.pool);
    this.check();
    this.ledger.check();
    const leases = this.pool.holders().length;
    const held = this.ledger.holding.length;
    const away = [...this.detached].filter((connection) => !this.lost.has(connection)).length;
    const detached = this.pool.connections().filter(({ state }) => state === 'detached').length;
    if (away !== detached) throw new Error(`${detached} places are kept for ${away} detached connections`);
    const timers = this.closed && !this.sharesClock ? timersOfPool(this.clock, this.connector) : 0;
    if (timers > 0) throw new Error(`after close() ${timers} timers are left`);
    if (leases !== held) throw new Error(`the pool counts ${leases} leases, ${held} are held`);
  }

  /** A pool that closes takes back what is not returned in time. */
  #forgive(): void {
    if (this.closing !== undefined) this.ledger.forgetEnded();
  }

  check(): void {
    if (this.shrunkFrom !== undefined && this.pool.connections().length <= this.max)
      this.shrunkFrom = undefined;
    const shrunk = this.shrunkFrom === undefined ? {} : { shrunkFrom: this.shrunkFrom };
    const mayHoldBack = this.#mayHoldBack();
    assertInvariants(this.pool, { capacity: this.setting.capacity, mayHoldBack, ...shrunk });
    this.ledger.throwIfBroken();
    if (this.watch.broken.length > 0) throw new Error(this.watch.broken.join('; '));
    if (this.breaker.broken.length > 0) throw new Error(this.breaker.broken.join('; '));
    const count = this.connections.count();
    const most = Math.max(this.max, this.shrunkFrom ?? 0);
    if (count > most) throw new Error(`${count} connections are opening, open or closing, above max ${most}`);
    if (this.connector.misuses.length > 0) throw new Error(this.connector.misuses.join('; '));
  }

  /** Whether the first exclusive caller may be waiting beside an idle connection: one that will take long, for a part of that time. */
  #mayHoldBack(): boolean {
    const now = this.clock.now();
    const { state, idle, validating, waiting } = this.pool.stats();
    const head = this.ledger.pending.find(({ mode }) => mode === 'exclusive');
    const waitsBesideIdle = state === 'running' && idle > 0 && validating < waiting;
    if (!waitsBesideIdle || head === undefined) {
      this.#heldBack = undefined;
      return false;
    }
    if (this.#heldBack?.head !== head) this.#heldBack = { head, since: now };
    // With two connections; a timer's delay is rounded up to whole milliseconds.
    const mostMs = Math.ceil((head.expectedMs * 0.4) / 2);
    const isLong = head.expectedMs > 0 && this.setting.sharesFirst;
    return isLong && now - this.#heldBack.since <= mostMs;
  }

  /** The server is well again. */
  mend(): void {
    this.allWell();
    this.pool.resume();
    for (const connection of this.detached) this.lose(connection);
  }

  /** Every holder gives back what it has. */
  giveBack(): void {
    this.#forgive();
    for (const caller of this.ledger.holding) this.ledger.ends(caller).release();
    this.allWell();
  }

  /** The server is well again, and every holder gives back what it has: everybody must be served. */
  async recover(): Promise<void> {
    if (this.closing !== undefined) return;
    this.mend();
    const askAgain = (mode: LeaseMode): Caller =>
      this.ask({ mode, timeoutMs: Number.POSITIVE_INFINITY, expectedMs: undefined, aborts: false });
    let fresh = [askAgain('exclusive'), askAgain('shared'), askAgain('exclusive')];
    for (let round = 0; round < 60; round++) {
      this.giveBack();
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
    this.allWell();
    this.close(100);
    for (let ms = 0; ms < 10_000 && !this.closed; ms += 100) await this.clock.advance(100);
    await this.settle();
    if (!this.closed) throw new Error('close() did not resolve');
    // What was given up long ago may still come.
    this.allWell();
    await this.settle();
    const pending = this.ledger.pending.length;
    const left = [...this.connector.live].filter((connection) => !this.detached.has(connection)).length;
    const timers = this.sharesClock ? 0 : this.clock.pending.length;
    const { size, detached } = this.pool.stats();
    if (pending + left + timers + this.tasks + size - detached === 0) return;
    throw new Error(
      `after close(): ${pending} callers wait, ${left} connections are open, ${timers} timers are set, ${this.tasks} tasks go on, ${size - detached} places are taken`,
    );
  }
}
