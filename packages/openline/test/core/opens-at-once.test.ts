// A connector that wants fewer opens under way at once, and what the first connection teaches.
import { describe, expect, test } from 'vitest';
import { ask, type Kit, setUp, Watched } from './kit.ts';

/** Lets one open be under way until a connection is open. */
function askFirst({ connector }: Kit): void {
  connector.opensAtOnce = () => (connector.opened === 0 ? 1 : Number.POSITIVE_INFINITY);
}

const askTimes = (kit: Kit, times: number, mode: 'exclusive' | 'shared'): ReturnType<typeof ask>[] =>
  Array.from({ length: times }, () => ask(kit, { mode }));

describe('opensAtOnce()', () => {
  test('holds back all opens but one until the first has answered', async () => {
    const kit = setUp({ max: 5, connector: { open: 'slow' } });
    askFirst(kit);
    const asked = askTimes(kit, 5, 'exclusive');
    await kit.clock.advance(50);
    expect(kit.pool.stats()).toMatchObject({ opening: 1, waiting: 5 });
    kit.connector.opens[0]!.succeed();
    await kit.clock.advance(50);
    expect(kit.pool.stats()).toMatchObject({ leased: 1, opening: 4 });
    await kit.clock.advance(100);
    expect(asked.map(({ state }) => state)).toEqual(Array(5).fill('resolved'));
  });

  test('is asked again after each open, also one that failed', async () => {
    const kit = setUp({ max: 6, connector: { open: 'slow' } });
    kit.connector.opensAtOnce = () => 2;
    const asked = askTimes(kit, 6, 'exclusive');
    kit.connector.opens[0]!.fail();
    const most: number[] = [];
    for (let ms = 0; ms < 1_000; ms += 10) {
      await kit.clock.advance(10);
      most.push(kit.pool.stats().opening);
    }
    expect(Math.max(...most)).toBe(2);
    expect(asked.map(({ state }) => state)).toEqual(Array(6).fill('resolved'));
  });

  test('allows no more than an outage does', async () => {
    const kit = setUp({ max: 4, connector: { open: 'slow' } });
    kit.connector.opensAtOnce = () => 3;
    kit.connector.next('open', 'fail', 'fail', 'fail');
    askTimes(kit, 4, 'exclusive');
    await kit.clock.advance(70);
    expect(kit.pool.stats()).toMatchObject({ opening: 1, outage: { attempts: 3 } });
  });

  test('holds for min, which fills up one after another without waiting for a tick', async () => {
    const kit = setUp({ max: 4, min: 3, connector: { open: 'slow', slowMs: 10 } });
    // The first ones were begun when the pool was made.
    await kit.clock.advance(10);
    kit.connector.opensAtOnce = () => 1;
    for (const connection of [...kit.connector.live]) kit.connector.lose(connection);
    await kit.clock.settle();
    expect(kit.pool.stats()).toMatchObject({ opening: 1, idle: 0 });
    await kit.clock.advance(30);
    expect(kit.pool.stats()).toMatchObject({ opening: 0, idle: 3 });
  });

  test('holds for warm()', async () => {
    const kit = setUp({ max: 4, connector: { open: 'slow', slowMs: 10 } });
    askFirst(kit);
    const warmed = new Watched(kit.pool.warm(4), kit.clock);
    expect(kit.connector.opens).toHaveLength(1);
    await kit.clock.advance(10);
    expect(kit.connector.opens).toHaveLength(4);
    await kit.clock.advance(10);
    expect([warmed.state, kit.pool.stats().idle]).toEqual(['resolved', 4]);
  });

  test.each([
    ['0', () => 0],
    ['not a number', () => Number.NaN],
    [
      'an error',
      () => {
        throw new Error('no idea');
      },
    ],
  ])('that gives %s means one', async (_, opensAtOnce) => {
    const kit = setUp({ max: 3, connector: { open: 'slow' } });
    kit.connector.opensAtOnce = opensAtOnce;
    askTimes(kit, 3, 'exclusive');
    await kit.clock.settle();
    expect(kit.pool.stats().opening).toBe(1);
  });
});

describe('those who wait for a share', () => {
  test.each([
    ['with opensAtOnce()', true],
    ['without it', false],
  ])('get one connection, if it turns out to carry them all, %s', async (_, limited) => {
    const kit = setUp({ max: 10, connector: { open: 'slow', capacity: 100 } });
    if (limited) askFirst(kit);
    const asked = askTimes(kit, 50, 'shared');
    await kit.clock.advance(2_000);
    expect(asked.every(({ state }) => state === 'resolved')).toBe(true);
    expect(kit.connector.opens).toHaveLength(1);
  });

  test('get one each, if it turns out to carry one', async () => {
    const kit = setUp({ max: 10, connector: { open: 'slow', capacity: 1 } });
    askFirst(kit);
    askTimes(kit, 50, 'shared');
    await kit.clock.advance(113);
    expect(kit.pool.stats()).toMatchObject({ leased: 1, opening: 9 });
  });

  test('get as many as carry them all, when the first has shown how much one carries', async () => {
    const kit = setUp({ max: 10, connector: { open: 'slow', capacity: 20 } });
    askFirst(kit);
    const asked = askTimes(kit, 50, 'shared');
    await kit.clock.advance(2_000);
    expect(asked.every(({ state }) => state === 'resolved')).toBe(true);
    expect(kit.connector.opens).toHaveLength(3);
  });
});
