// A budget of connections that several pools share: whose turn it is, who gives one up, and what is told of it.
import { Budget, createPool } from 'openline';
import { FakeConnector } from 'openline/testing';
import { describe, expect, test } from 'vitest';
import { type BudgetKit, load, setUpBudget } from './budget-kit.ts';
import { ask, lease, openIdle, Watched } from './kit.ts';

const sizes = ({ pools }: BudgetKit): number[] => pools.map(({ pool }) => pool.stats().size);
const closedIn = ({ pools }: BudgetKit, number: number): unknown => pools[number]!.pool.stats().totals.closed;

describe('a budget', () => {
  test('bounds the connections of all its pools together', async () => {
    const kit = setUpBudget({ budgetMax: 4, pools: 3, max: 3 });
    for (const each of kit.pools) for (let callers = 0; callers < 3; callers++) ask(each);
    await kit.clock.settle();
    expect(sizes(kit)).toEqual([3, 1, 0]);
    expect(kit.budget.stats()).toEqual({ max: 4, size: 4, pools: 3, waitingPools: 2 });
    kit.check();
  });

  test('is asked for a whole number from 1', () => {
    for (const max of [0, -1, 1.5, Number.NaN, '5', undefined])
      expect(() => new Budget({ max: max as number })).toThrow(
        /max is .*: give a whole number from 1, or Infinity/,
      );
    expect(() => new Budget({ max: 5, mx: 3 } as never)).toThrow(/mx is unknown/);
    expect(() => new Budget(undefined as never)).toThrow(/max/);
    expect(new Budget({ max: Number.POSITIVE_INFINITY }).stats().max).toBe(Number.POSITIVE_INFINITY);
    expect(() => createPool(new FakeConnector(), { budget: { max: 5 } as never })).toThrow(
      /budget is no Budget/,
    );
  });
});

describe('when the budget is full, a pool that must open', () => {
  test('takes the connection that has been idle longest, of whichever pool, and min does not protect it', async () => {
    const kit = setUpBudget({ budgetMax: 3, pools: 3, min: 1 });
    await kit.clock.settle();
    for (const number of [1, 2]) {
      await kit.clock.advance(10);
      await kit.pools[number]!.pool.use(() => undefined);
    }
    const asked = ask(kit.pools[2]!);
    const second = ask(kit.pools[2]!);
    await kit.clock.settle();
    expect([asked.state, second.state]).toEqual(['resolved', 'resolved']);
    expect(sizes(kit)).toEqual([0, 1, 2]);
    expect(closedIn(kit, 0)).toEqual({ ceded: 1 });
    kit.check();
  });

  test('does not take the one that is kept for a caller of its own', async () => {
    const connector = { capacity: 2, sharesFirst: true };
    const kit = setUpBudget({ budgetMax: 2, pools: 2, min: 2, max: 4, connector });
    const [own, other] = kit.pools as [BudgetKit['pools'][0], BudgetKit['pools'][0]];
    const [elsewhere] = await lease(other, 1);
    const [share] = await lease(own, 1, 'shared');
    share!.release();
    const long = { expectedMs: 30 };
    const first = ask(own, long);
    await kit.clock.settle();
    const [second, third] = [ask(own, long), ask(own, long)];
    // The next long one begins a little later: the new connection is idle meanwhile, and the pool, which has less than min, wants another.
    first.value.discard();
    await kit.clock.settle();
    expect([second.state, third.state]).toEqual(['pending', 'pending']);
    const { length: opens } = own.connector.opens;
    await kit.clock.advance(10);
    second.value.release();
    await kit.clock.advance(10);
    third.value.release();
    elsewhere!.release();
    expect(own.connector.opens).toHaveLength(opens);
    kit.check();
  });

  test('opens when that one is closed, and after a second at the latest', async () => {
    const kit = setUpBudget({ budgetMax: 1, pools: 2, connector: { close: 'never' } });
    await openIdle(kit.pools[0]!, 1);
    const asked = ask(kit.pools[1]!);
    await kit.clock.advance(999);
    expect([asked.state, kit.pools[1]!.connector.opens.length]).toEqual(['pending', 0]);
    await kit.clock.advance(1);
    expect(asked.state).toBe('resolved');
  });

  test('closes one for each of its callers, not one each time that it looks', async () => {
    const kit = setUpBudget({ budgetMax: 5, pools: 2, connector: { close: 'slow', slowMs: 100 } });
    await openIdle(kit.pools[0]!, 5);
    ask(kit.pools[1]!);
    ask(kit.pools[1]!);
    await kit.clock.advance(50);
    expect(kit.pools[0]!.pool.stats()).toMatchObject({ idle: 3, closing: 2 });
    await kit.clock.advance(50);
    expect(sizes(kit)).toEqual([3, 2]);
  });

  test('gets the next connection that comes back to a pool whose callers came later', async () => {
    const kit = setUpBudget({ budgetMax: 2, pools: 2 });
    const [first, second] = await lease(kit.pools[0]!, 2);
    const older = ask(kit.pools[1]!);
    const younger = ask(kit.pools[0]!);
    await kit.clock.settle();
    first!.release();
    await kit.clock.settle();
    expect([older.state, younger.state]).toEqual(['resolved', 'pending']);
    expect(closedIn(kit, 0)).toEqual({ ceded: 1 });
    second!.release();
    await kit.clock.settle();
    expect(younger.value.connection.id).toBe(2);
    expect(closedIn(kit, 0)).toEqual({ ceded: 1 });
    kit.check();
  });

  test('waits for those of another pool that came before', async () => {
    const kit = setUpBudget({ budgetMax: 1, pools: 2 });
    const [held] = await lease(kit.pools[0]!, 1);
    const older = [ask(kit.pools[0]!), ask(kit.pools[0]!)];
    const younger = ask(kit.pools[1]!);
    held!.release();
    for (const each of older) {
      await kit.clock.settle();
      expect([each.state, younger.state]).toEqual(['resolved', 'pending']);
      each.value.release();
    }
    await kit.clock.settle();
    expect(younger.state).toBe('resolved');
  });

  test('gets several only if several of its callers came before', async () => {
    const kit = setUpBudget({ budgetMax: 3, pools: 2 });
    const held = await lease(kit.pools[0]!, 3);
    const asked = [1, 1, 0, 1].map((number) => ask(kit.pools[number]!));
    for (const each of held) each.release();
    await kit.clock.settle();
    expect(asked.map(({ state }) => state)).toEqual(['resolved', 'resolved', 'resolved', 'pending']);
    expect(sizes(kit)).toEqual([1, 2]);
    expect(closedIn(kit, 0)).toEqual({ ceded: 2 });
  });

  test('counts one connection for as many of its callers as will share it', async () => {
    const kit = setUpBudget({ budgetMax: 2, pools: 3, connector: { capacity: 2 } });
    // It learns how many that are.
    await kit.pools[1]!.pool.use(() => undefined, { mode: 'shared' });
    const held = await lease(kit.pools[0]!, 2);
    for (const { connector } of kit.pools) connector.set('open', 'slow');
    const share = (): unknown => ask(kit.pools[1]!, { mode: 'shared' });
    share();
    share();
    ask(kit.pools[2]!);
    share();
    share();
    for (const each of held) each.release();
    await kit.clock.settle();
    expect(sizes(kit)).toEqual([0, 1, 1]);
  });

  test('does not take a new connection from those for whom it was opened', async () => {
    const kit = setUpBudget({ budgetMax: 1, pools: 3, connector: { open: 'slow', slowMs: 100 } });
    const aborter = new AbortController();
    const first = ask(kit.pools[0]!, { signal: aborter.signal });
    const older = ask(kit.pools[1]!);
    const younger = ask(kit.pools[0]!);
    await kit.clock.settle();
    aborter.abort(new Error('enough'));
    await kit.clock.advance(100);
    expect([first.state, older.state, younger.state]).toEqual(['rejected', 'pending', 'resolved']);
    younger.value.release();
    await kit.clock.advance(100);
    expect(older.state).toBe('resolved');
  });

  test('is not starved by a steady load on another pool', async () => {
    const kit = setUpBudget({ budgetMax: 4, pools: 2, connector: { open: 'slow', slowMs: 5 } });
    let goesOn = true;
    for (let loops = 0; loops < 12; loops++) load(kit.pools[0]!, 20, () => goesOn);
    await kit.clock.advance(200);
    const asked = ask(kit.pools[1]!);
    await kit.clock.advance(70);
    expect(asked.state).toBe('resolved');
    asked.value.release();
    goesOn = false;
    await kit.clock.advance(500);
    kit.check();
  });

  test('has a line emptied that is never empty by itself', async () => {
    const kit = setUpBudget({ budgetMax: 1, pools: 2, connector: { capacity: 10 } });
    const held = await lease(kit.pools[0]!, 3, 'shared');
    const asked = ask(kit.pools[1]!, { mode: 'shared' });
    await kit.clock.settle();
    held[0]!.release();
    const late = ask(kit.pools[0]!, { mode: 'shared' });
    held[1]!.release();
    await kit.clock.settle();
    expect([asked.state, late.state]).toEqual(['pending', 'pending']);
    held[2]!.release();
    await kit.clock.settle();
    expect([asked.state, late.state]).toEqual(['resolved', 'pending']);
    asked.value.release();
    await kit.clock.settle();
    expect(late.state).toBe('resolved');
  });

  test('lets a line that was emptied for it take shares again when it needs it no more', async () => {
    const kit = setUpBudget({ budgetMax: 2, pools: 3, connector: { capacity: 10 } });
    const held = await lease(kit.pools[0]!, 3, 'shared');
    const [alone] = await lease(kit.pools[1]!, 1, 'shared');
    const asked = ask(kit.pools[2]!, { mode: 'shared' });
    held[0]!.release();
    const late = ask(kit.pools[0]!, { mode: 'shared' });
    await kit.clock.settle();
    expect([asked.state, late.state]).toEqual(['pending', 'pending']);
    expect(kit.pools[0]!.pool.connections()).toMatchObject([{ condemned: 'ceded' }]);
    alone!.release();
    await kit.clock.settle();
    expect(asked.state).toBe('resolved');
    late.value.release();
    expect(kit.pools[0]!.pool.connections()).toMatchObject([{ condemned: undefined, leases: 2 }]);
  });

  test('claims nothing any more when its callers have left', async () => {
    const kit = setUpBudget({ budgetMax: 1, pools: 2 });
    const [held] = await lease(kit.pools[0]!, 1);
    const asked = ask(kit.pools[1]!, { timeoutMs: 50 });
    await kit.clock.advance(50);
    expect(asked.state).toBe('rejected');
    expect(kit.budget.stats().waitingPools).toBe(0);
    held!.release();
    expect(kit.pools[0]!.pool.stats()).toMatchObject({ idle: 1 });
  });

  test('claims nothing while it is suspended, and again when it is resumed', async () => {
    const kit = setUpBudget({ budgetMax: 1, pools: 2 });
    const [held] = await lease(kit.pools[0]!, 1);
    const asked = ask(kit.pools[1]!);
    kit.pools[1]!.pool.suspend();
    held!.release();
    await kit.clock.settle();
    expect(kit.pools[0]!.pool.stats().idle).toBe(1);
    kit.pools[1]!.pool.resume();
    await kit.clock.settle();
    expect(asked.state).toBe('resolved');
  });

  test('asks nobody again and again: no timer of the pool is set while it waits for room', async () => {
    const kit = setUpBudget({ budgetMax: 1, pools: 2 });
    await lease(kit.pools[0]!, 1);
    const before = kit.clock.pending.length;
    ask(kit.pools[1]!);
    await kit.clock.settle();
    // Its deadline.
    expect(kit.clock.pending.length).toBe(before + 1);
  });
});

describe('room in a budget', () => {
  test('goes to whoever has waited longest, one connection each', async () => {
    const kit = setUpBudget({ budgetMax: 1, pools: 4 });
    const [held] = await lease(kit.pools[0]!, 1);
    const asked = [3, 1, 2, 1].map((number) => ask(kit.pools[number]!));
    held!.discard();
    for (const [place, each] of asked.entries()) {
      await kit.clock.settle();
      const states = asked.map(({ state }) => state);
      expect(states).toEqual(asked.map((_, number) => (number <= place ? 'resolved' : 'pending')));
      each.value.release();
    }
  });

  test('that a lost connection leaves goes to the oldest, though its own pool looks first', async () => {
    const kit = setUpBudget({ budgetMax: 1, pools: 2, max: 1 });
    const [held] = await lease(kit.pools[0]!, 1);
    const own = ask(kit.pools[0]!);
    const other = ask(kit.pools[1]!);
    kit.pools[0]!.connector.lose(held!.connection);
    held!.release();
    await kit.clock.settle();
    expect([own.state, other.state]).toEqual(['resolved', 'pending']);
  });

  test('refills min, after all who wait', async () => {
    const kit = setUpBudget({ budgetMax: 2, pools: 2, min: 1, idleTimeoutMs: 5_000 });
    await kit.clock.settle();
    const [first, second] = await lease(kit.pools[1]!, 2);
    expect(sizes(kit)).toEqual([0, 2]);
    const asked = ask(kit.pools[1]!);
    first!.discard();
    await kit.clock.settle();
    expect([asked.state, ...sizes(kit)]).toEqual(['resolved', 0, 2]);
    second!.discard();
    await kit.clock.settle();
    expect(sizes(kit)).toEqual([1, 1]);
  });

  test('is waited for by warm()', async () => {
    const kit = setUpBudget({ budgetMax: 2, pools: 2 });
    const [first, second] = await lease(kit.pools[0]!, 2);
    const warmed = new Watched(kit.pools[1]!.pool.warm(2), kit.clock);
    await kit.clock.settle();
    first!.discard();
    await kit.clock.settle();
    expect([warmed.state, kit.pools[1]!.pool.stats().idle]).toEqual(['pending', 1]);
    second!.discard();
    await kit.clock.settle();
    expect(warmed.state).toBe('resolved');
  });

  test('is kept by what was detached, also when its pool is closed', async () => {
    const kit = setUpBudget({ budgetMax: 1, pools: 2 });
    const { connector, pool } = kit.pools[0]!;
    const [held] = await lease(kit.pools[0]!, 1);
    const connection = held!.detach();
    await pool.close();
    const asked = ask(kit.pools[1]!);
    await kit.clock.settle();
    expect([asked.state, kit.budget.stats().size]).toEqual(['pending', 1]);
    connector.live.delete(connection);
    connector.lose(connection);
    await kit.clock.settle();
    expect(asked.state).toBe('resolved');
  });

  test('is left by a pool that is closed', async () => {
    const kit = setUpBudget({ budgetMax: 1, pools: 2 });
    await lease(kit.pools[0]!, 1);
    const asked = ask(kit.pools[1]!);
    void kit.pools[0]!.pool.close({ timeoutMs: 0 });
    await kit.clock.advance(0);
    expect(asked.state).toBe('resolved');
    expect(kit.budget.stats()).toMatchObject({ pools: 1, size: 1 });
  });
});

describe('a pool whose server is gone', () => {
  test('leaves the room between its attempts to the others', async () => {
    const kit = setUpBudget({ budgetMax: 3, pools: 2 });
    kit.pools[1]!.connector.set('open', 'fail');
    await openIdle(kit.pools[0]!, 3);
    for (let callers = 0; callers < 3; callers++) ask(kit.pools[1]!);
    await kit.clock.advance(5_000);
    const asked = [ask(kit.pools[0]!), ask(kit.pools[0]!), ask(kit.pools[0]!)];
    await kit.clock.advance(500);
    expect(asked.map(({ state }) => state)).toEqual(['resolved', 'resolved', 'resolved']);
  });
});

describe('the error of a caller who waited for a full budget', () => {
  test('says so, and who has it', async () => {
    const kit = setUpBudget({ budgetMax: 5, pools: 4 });
    await lease(kit.pools[0]!, 3);
    await lease(kit.pools[1]!, 1);
    await lease(kit.pools[2]!, 1);
    const asked = ask(kit.pools[2]!, { timeoutMs: 100 });
    await kit.clock.advance(100);
    expect(asked.error).toMatchObject({ budget: { max: 5, otherPools: 2, inOtherPools: 4 } });
    expect(asked.error!.message).toContain('The shared budget is full: 5 of 5, 4 of them in 2 other pools.');
    expect(asked.error!.message).toContain("raise the budget's max");
  });

  test('does not say so where the pool itself is full', async () => {
    const kit = setUpBudget({ budgetMax: 3, pools: 2, max: 2 });
    await lease(kit.pools[0]!, 1);
    await lease(kit.pools[1]!, 2);
    const asked = ask(kit.pools[1]!, { timeoutMs: 100 });
    await kit.clock.advance(100);
    expect(asked.error).toMatchObject({ budget: undefined });
    expect(asked.error!.message).not.toContain('shared budget');
  });
});
