// Several pools on one budget and one clock, closed when the test ends.
import { Budget, createPool, type Lease, type PoolOptions } from 'openline';
import {
  assertBudgetInvariants,
  assertInvariants,
  type FakeConnection,
  FakeConnector,
  type FakeConnectorOptions,
  ManualClock,
} from 'openline/testing';
import { expect, onTestFinished } from 'vitest';
import { type Kit, Watched } from './kit.ts';

export interface BudgetKit {
  readonly budget: Budget;
  readonly clock: ManualClock;
  readonly pools: readonly Kit[];
  /** Checks every pool and the budget. */
  check(): void;
}

export interface BudgetKitOptions extends PoolOptions<FakeConnection> {
  readonly budgetMax: number;
  readonly pools: number;
  readonly connector?: FakeConnectorOptions;
}

/** As many pools as asked for, named by their number. */
export function setUpBudget(options: BudgetKitOptions): BudgetKit {
  const { budgetMax, pools: count, connector: script, ...rest } = options;
  const clock = new ManualClock({ nowMs: 1_000 });
  const budget = new Budget({ max: budgetMax });
  const pools = Array.from({ length: count }, (_, number): Kit => {
    const connector = new FakeConnector({ clock, validate: 'none', ...script });
    return {
      clock,
      connector,
      pool: createPool(connector, { clock, name: `pool ${number}`, budget, ...rest }),
    };
  });
  const check = (): void => {
    for (const { pool } of pools) assertInvariants(pool);
    assertBudgetInvariants(
      budget,
      pools.map(({ pool }) => pool),
    );
  };
  onTestFinished(async () => {
    check();
    const closing = new Watched(Promise.all(pools.map(({ pool }) => pool.close({ timeoutMs: 0 }))), clock);
    for (let ms = 0; ms < 12_000 && closing.state === 'pending'; ms += 50) await clock.advance(50);
    expect(closing.state).toBe('resolved');
    expect(budget.stats()).toMatchObject({ size: 0, pools: 0, waitingPools: 0 });
    for (const { connector } of pools) {
      for (const open of connector.opens) open.succeed();
      await clock.advance(0);
      expect(connector.misuses).toEqual([]);
      expect(connector.live.size, 'connections left open').toBe(0);
    }
  });
  return { budget, clock, pools, check };
}

/** Acquires and releases `times` times in turn, until the time is over; each lease lasts `useMs`. */
export function load({ pool, clock }: Kit, useMs: number, goesOn: () => boolean): void {
  const once = (): void => {
    if (!goesOn()) return;
    pool.acquire().then(
      (lease: Lease<FakeConnection>) => {
        clock.setTimer(() => {
          if (!lease.ended) lease.release();
          once();
        }, useMs);
      },
      () => undefined,
    );
  };
  once();
}
