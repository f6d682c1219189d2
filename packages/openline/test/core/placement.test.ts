// Where shared leases go when the connector has a say: by line, by claim, and before exclusive ones.
import { assertInvariants, type FakeConnection } from 'openline/testing';
import { describe, expect, test } from 'vitest';
import { ask, type Kit, lease, openIdle, setUp } from './kit.ts';

const leasesOf = ({ pool }: Kit): number[] => pool.connections().map((connection) => connection.leases);

describe('the place() of a connector', () => {
  test('is given the claim, also of those who have waited', async () => {
    const claims: unknown[] = [];
    const kit = setUp({
      max: 1,
      connector: {
        capacity: 2,
        place: (lines, claim) => {
          claims.push(claim);
          return lines.idle() ?? [...lines.shared()][0];
        },
      },
    });
    await openIdle(kit, 1);
    const first = await kit.pool.acquire({ mode: 'shared', claim: 'first' });
    const second = kit.pool.tryAcquire('shared', 'second')!;
    const third = kit.pool.acquire({ mode: 'shared', claim: 'third' });
    first.release();
    expect((await third).mode).toBe('shared');
    expect(claims).toEqual(expect.arrayContaining(['first', 'second', 'third']));
    second.release();
    (await third).release();
  });

  test('fills one line before it takes an idle one', async () => {
    const kit = setUp({
      max: 2,
      connector: { capacity: 3, place: (lines) => [...lines.shared()][0] ?? lines.idle() },
    });
    await openIdle(kit, 2);
    await lease(kit, 4, 'shared');
    expect(leasesOf(kit).sort()).toEqual([1, 3]);
  });

  test('may choose none, and then the caller waits for an idle one', async () => {
    const kit = setUp({ max: 2, connector: { capacity: 3, place: () => undefined } });
    await openIdle(kit, 2);
    const [first, second] = await lease(kit, 2, 'shared');
    expect(first!.connection).not.toBe(second!.connection);
    const third = ask(kit, { mode: 'shared' });
    await kit.clock.settle();
    expect(third.state).toBe('pending');
    first!.release();
    await kit.clock.settle();
    expect(third.state).toBe('resolved');
  });

  test('sees whether a line that it chose before still takes more', async () => {
    let chosen: { readonly connection: FakeConnection | undefined; readonly leases: number } | undefined;
    const seen: boolean[] = [];
    const kit = setUp({
      max: 2,
      connector: {
        capacity: 2,
        place: (lines) => {
          if (chosen !== undefined) seen.push(lines.takes(chosen));
          chosen ??= lines.idle();
          return chosen !== undefined && (chosen.leases === 0 || lines.takes(chosen)) ? chosen : lines.idle();
        },
      },
    });
    await openIdle(kit, 2);
    await lease(kit, 3, 'shared');
    expect(seen).toEqual([true, false]);
    assertInvariants(kit.pool, { capacity: 2 });
  });
});

describe('where shared leases go first', () => {
  test('a connection that comes free serves them before an older exclusive one, which gets it when it has emptied', async () => {
    const kit = setUp({ max: 2, connector: { capacity: 4, sharesFirst: true } });
    await openIdle(kit, 2);
    const [first] = await lease(kit, 2);
    const alone = ask(kit);
    const shares = [ask(kit, { mode: 'shared' }), ask(kit, { mode: 'shared' })];
    await kit.clock.settle();
    first!.release();
    await kit.clock.settle();
    expect([alone.state, ...shares.map(({ state }) => state)]).toEqual(['pending', 'resolved', 'resolved']);
    const late = ask(kit, { mode: 'shared' });
    await kit.clock.settle();
    expect(late.state, 'the line empties for the exclusive one').toBe('pending');
    for (const share of shares) share.value.release();
    await kit.clock.settle();
    expect([alone.state, late.state]).toEqual(['resolved', 'pending']);
  });

  test('the order is kept with one connection', async () => {
    const kit = setUp({ max: 1, connector: { capacity: 4, sharesFirst: true } });
    const [first] = await lease(kit, 1);
    const [alone, share] = [ask(kit), ask(kit, { mode: 'shared' })];
    first!.release();
    await kit.clock.settle();
    expect([alone.state, share.state]).toEqual(['resolved', 'pending']);
  });

  test.each([
    [39, ['pending', 'resolved']],
    [40, ['resolved', 'pending']],
  ])('an exclusive one behind which %i came before goes %j', async (before, states) => {
    const kit = setUp({ max: 2, maxWaiters: 5_000, connector: { capacity: 4, sharesFirst: true } });
    await openIdle(kit, 2);
    const [held] = await lease(kit, 2);
    const alone = ask(kit, { timeoutMs: Number.POSITIVE_INFINITY });
    for (let came = 0; came < before; came++) ask(kit, { mode: 'shared', timeoutMs: 10 });
    await kit.clock.advance(10);
    const share = ask(kit, { mode: 'shared' });
    held!.release();
    await kit.clock.settle();
    expect([alone.state, share.state]).toEqual(states);
  });

  test('finds the fullest line below a load, and the least loaded, among those that take more', async () => {
    const kit = setUp({
      max: 2,
      connector: {
        capacity: 4,
        place: (lines) => lines.fullestBelow(0.5) ?? lines.idle() ?? lines.leastLoaded(),
      },
    });
    await openIdle(kit, 2);
    const seen: number[][] = [];
    for (let leases = 0; leases < 8; leases++) {
      await lease(kit, 1, 'shared');
      seen.push(leasesOf(kit).sort());
    }
    expect(seen).toEqual([
      [0, 1],
      [0, 2],
      [1, 2],
      [2, 2],
      [2, 3],
      [3, 3],
      [3, 4],
      [4, 4],
    ]);
    const ninth = ask(kit, { mode: 'shared' });
    await kit.clock.settle();
    expect(ninth.state).toBe('pending');
  });

  test('finds the fullest of several lines below a load', async () => {
    let bound = 0;
    const kit = setUp({
      max: 2,
      connector: {
        capacity: 4,
        place: (lines) => lines.fullestBelow(bound) ?? lines.idle() ?? lines.leastLoaded(),
      },
    });
    await openIdle(kit, 2);
    await lease(kit, 3, 'shared');
    expect(leasesOf(kit).sort()).toEqual([1, 2]);
    bound = 1;
    await lease(kit, 1, 'shared');
    expect(leasesOf(kit).sort()).toEqual([1, 3]);
    await lease(kit, 2, 'shared');
    expect(leasesOf(kit).sort()).toEqual([2, 4]);
  });
});
