// What always holds between the pools of one budget, over random schedules of several pools.
import fc from 'fast-check';
import { Budget } from 'openline';
import { assertBudgetInvariants, ManualClock } from 'openline/testing';
import { afterEach, expect, test, vi } from 'vitest';
import { numbersFrom } from './kit.ts';
import type { Caller } from './ledger.ts';
import { Schedule } from './schedule.ts';
import { type Setting, type Step, settings, steps } from './steps.ts';

const schedules = 600;

afterEach(() => {
  vi.restoreAllMocks();
});

/** Several pools on one budget and one clock, that things happen to. */
class Neighbours {
  readonly #clock = new ManualClock({ nowMs: 1_000 });
  readonly #budget: Budget;
  readonly #pools: readonly Schedule[];

  constructor(max: number, each: readonly Setting[]) {
    this.#budget = new Budget({ max });
    const shared = { clock: this.#clock, budget: this.#budget };
    this.#pools = each.map((setting, number) => new Schedule(setting, { ...shared, number }));
  }

  async step(which: number, step: Step, settles: boolean): Promise<void> {
    await this.#pools[which % this.#pools.length]!.step(step, settles);
    for (const pool of this.#pools) pool.check();
    if (settles) this.#check();
  }

  #check(): void {
    const pools = this.#pools.map(({ pool }) => pool);
    assertBudgetInvariants(this.#budget, pools);
    const open = this.#pools.reduce((sum, { connections }) => sum + connections.count(), 0);
    if (open > this.#budget.max)
      throw new Error(`${open} connections are there, above max ${this.#budget.max}`);
  }

  /** All servers are well again, and every holder gives back what it has: everybody must be served, whoever came before. */
  async recover(): Promise<void> {
    const pools = this.#pools.filter(({ isClosing }) => !isClosing);
    for (const pool of this.#pools) pool.mend();
    const ask = (pool: Schedule): Caller =>
      pool.ask({
        mode: 'exclusive',
        timeoutMs: Number.POSITIVE_INFINITY,
        expectedMs: undefined,
        aborts: false,
      });
    let fresh = pools.map((pool) => ({ pool, caller: ask(pool) }));
    for (let round = 0; round < 100; round++) {
      for (const pool of this.#pools) pool.giveBack();
      await this.#clock.advance(300);
      for (const pool of this.#pools) await pool.settle();
      this.#check();
      fresh = fresh.map(({ pool, caller }) => ({
        pool,
        caller: caller.state === 'refused' ? ask(pool) : caller,
      }));
      if (this.#pools.every(({ ledger }) => ledger.pending.length === 0)) return;
    }
    throw new Error(`nobody is served any more: ${JSON.stringify(this.#budget.stats())}`);
  }

  async finish(): Promise<void> {
    for (const pool of this.#pools) await pool.finish();
    const { size, pools } = this.#budget.stats();
    const detached = this.#pools.reduce((sum, { pool }) => sum + pool.stats().detached, 0);
    if (size !== detached || pools > 0)
      throw new Error(`left in the budget: ${size} connections, ${pools} pools`);
    if (this.#clock.pending.length > 0) throw new Error(`${this.#clock.pending.length} timers are left`);
  }
}

test('whatever happens in whichever pool, the budget is kept, and everybody is served in the end', async () => {
  let ran = 0;
  const property = fc.asyncProperty(
    fc.integer({ min: 1, max: 4 }),
    fc.array(settings, { minLength: 2, maxLength: 4 }),
    steps,
    fc.array(fc.nat({ max: 3 }), { minLength: 24, maxLength: 24 }),
    async (max, each, what, whose) => {
      vi.spyOn(Math, 'random').mockImplementation(numbersFrom(each[0]!.seed));
      const neighbours = new Neighbours(max, each);
      for (const [index, [step, settles]] of what.entries()) {
        await neighbours.step(whose[index]!, step, settles);
        ran++;
      }
      await neighbours.recover();
      await neighbours.finish();
    },
  );
  await fc.assert(property, { numRuns: schedules });
  expect(ran).toBeGreaterThan(schedules);
}, 120_000);
