// A lease ends exactly once.
import { LeaseError } from 'openline';
import { beforeEach, describe, expect, test } from 'vitest';
import { captureEveryPlace } from '../support/every-place.ts';
import { ask, lease, setUp } from './kit.ts';

beforeEach(captureEveryPlace);

function errorOf(work: () => unknown): LeaseError {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(LeaseError);
    return error as LeaseError;
  }
  throw new Error('nothing was thrown');
}

describe('a lease', () => {
  test('that is released twice throws, and names where it was acquired and first released', async () => {
    const kit = setUp();
    const its = await kit.pool.acquire();
    its.release();
    const error = errorOf(() => its.release());
    expect(error.code).toBe('OPENLINE_LEASE');
    expect(error.message).toMatch(
      /released after the lease had been released at .*lease\.test\.ts:\d+:\d+.* \(acquired at .*lease\.test\.ts:\d+:\d+/,
    );
    expect(error.endedAt).toContain('lease.test.ts');
    expect(kit.pool.stats()).toMatchObject({ idle: 1, leased: 0, totals: { released: 1 } });
  });

  test.each([
    ['release', 'discard', /discarded after the lease had been released/],
    ['discard', 'release', /released after the lease had been discarded/],
    ['discard', 'discard', /discarded after the lease had been discarded/],
  ] as const)('ended by %s refuses %s', async (first, second, message) => {
    const kit = setUp();
    const its = await kit.pool.acquire();
    its[first]();
    expect(errorOf(() => its[second]()).message).toMatch(message);
  });

  test('refuses its connection after its end', async () => {
    const kit = setUp();
    const its = await kit.pool.acquire();
    its.release();
    expect(errorOf(() => its.connection).message).toMatch(/its connection was used after the lease had been/);
    expect(errorOf(() => its.detach()).message).toMatch(/used after/);
    expect([its.ended, its.mode]).toEqual([true, undefined]);
  });

  test('released twice gives nobody a second loan of the connection', async () => {
    const kit = setUp({ max: 1 });
    const first = await kit.pool.acquire();
    first.release();
    const second = await kit.pool.acquire();
    errorOf(() => first.release());
    const third = ask(kit);
    await kit.clock.settle();
    expect(third.state).toBe('pending');
    second.release();
    await kit.clock.settle();
    expect(third.state).toBe('resolved');
  });

  test('of a block with using ends with the block, even when the block throws', async () => {
    const kit = setUp();
    const block = async (): Promise<void> => {
      using its = await kit.pool.acquire();
      expect(kit.pool.stats().leased).toBe(1);
      throw new Error(`thrown on ${its.connection.id}`);
    };
    await expect(block()).rejects.toThrow('thrown on 1');
    expect(kit.pool.stats()).toMatchObject({ idle: 1, leased: 0 });
  });

  test('may be ended inside its using block', async () => {
    const kit = setUp();
    {
      await using its = await kit.pool.acquire();
      its.discard();
    }
    await kit.clock.settle();
    expect(kit.pool.stats()).toMatchObject({ size: 0, totals: { closed: { discarded: 1 } } });
  });

  test('that is discarded closes its connection, and the reason reaches observers', async () => {
    const closed: unknown[] = [];
    const kit = setUp({ observers: [{ closed: ({ reason, error }) => closed.push([reason, error]) }] });
    const fault = new Error('protocol out of step');
    const [first, second] = await lease(kit, 2);
    first!.discard(fault);
    second!.discard('by hand');
    await kit.clock.settle();
    expect(closed).toEqual([
      ['broken', fault],
      ['discarded', 'by hand'],
    ]);
  });
});

describe('use()', () => {
  test('gives back the connection, whether the work returns or throws', async () => {
    const kit = setUp();
    await expect(kit.pool.use((connection) => connection.id)).resolves.toBe(1);
    await expect(
      kit.pool.use(() => {
        throw new Error('of the work');
      }),
    ).rejects.toThrow('of the work');
    expect(kit.pool.stats()).toMatchObject({ idle: 1, leased: 0, totals: { opened: 1 } });
  });

  test('closes the connection after an error that has killed it', async () => {
    const kit = setUp();
    const fatal = new Error('ECONNRESET');
    kit.connector.isFatal = (error) => error === fatal;
    await expect(kit.pool.use(() => Promise.reject(fatal))).rejects.toBe(fatal);
    await expect(kit.pool.use(() => Promise.reject(new Error('syntax')))).rejects.toThrow('syntax');
    expect(kit.pool.stats()).toMatchObject({ idle: 1, totals: { opened: 2, closed: { broken: 1 } } });
  });

  test('lets the work end the lease itself', async () => {
    const kit = setUp();
    await kit.pool.use((_, its) => its.discard());
    await kit.clock.settle();
    expect(kit.pool.stats().size).toBe(0);
  });

  test('takes the options of acquire', async () => {
    const kit = setUp({ max: 1, connector: { capacity: 2 } });
    await kit.pool.use(
      async (_, its) => {
        expect(its.mode).toBe('shared');
        await kit.pool.use((__, other) => expect(other.mode).toBe('shared'), { mode: 'shared' });
      },
      { mode: 'shared' },
    );
    const refused = kit.pool.use(() => 1, { signal: AbortSignal.abort(new Error('no')) });
    await expect(refused).rejects.toThrow('no');
  });
});
