// One deadline for a whole request: every acquire in it has what is left.
import { AsyncLocalStorage } from 'node:async_hooks';
import fc from 'fast-check';
import { AcquireTimeoutError, createPool, InvalidOptionsError, remainingMs, withDeadline } from 'openline';
import { ManualClock } from 'openline/testing';
import { describe, expect, test, vi } from 'vitest';
import { ask, type Kit, lease, openIdle, setUp, Watched } from './kit.ts';

const pause = ({ clock }: Kit, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.setTimer(resolve, ms));

/** A deadline on the clock of the kit. */
const within = <T>({ clock }: Kit, timeoutMs: number, work: () => T): T =>
  withDeadline(timeoutMs, work, { clock });

// The first in the file: what has begun stays.
test('before the first deadline an acquire asks nothing about deadlines', async () => {
  const kit = setUp();
  await openIdle(kit, 1);
  const getStore = vi.spyOn(AsyncLocalStorage.prototype, 'getStore');
  const run = vi.spyOn(AsyncLocalStorage.prototype, 'run');
  const asked = [kit.pool.acquire(), kit.pool.acquire({ timeoutMs: 50 })];
  const calls = getStore.mock.calls.length + run.mock.calls.length;
  vi.restoreAllMocks();
  expect(calls).toBe(0);
  for (const granted of await Promise.all(asked)) granted.release();
});

describe('an acquire under a deadline', () => {
  test('waits no longer than what is left of it', async () => {
    const kit = setUp({ max: 1 });
    await lease(kit, 1);
    const asked = within(kit, 1_000, async () => {
      await pause(kit, 400);
      return ask(kit);
    });
    await kit.clock.advance(400);
    const second = await asked;
    await kit.clock.advance(599);
    expect(second.state).toBe('pending');
    await kit.clock.advance(1);
    expect(second.error).toBeInstanceOf(AcquireTimeoutError);
    expect(second.error).toMatchObject({
      code: 'OPENLINE_ACQUIRE_TIMEOUT',
      wait: { timeoutMs: 600, requestTimeoutMs: 1_000, waitedMs: 600 },
    });
    expect(second.error!.message).toMatch(
      /^pool "test": no connection within the 600 ms that were left of the request's deadline of 1000 ms \(waited 600 ms/,
    );
  });

  test('waits no longer than its own timeout where that is shorter, and says so', async () => {
    const kit = setUp({ max: 1, acquireTimeoutMs: 700 });
    await lease(kit, 1);
    const [own, pools] = within(kit, 1_000, () => [ask(kit, { timeoutMs: 300 }), ask(kit)]);
    await kit.clock.advance(700);
    for (const [asked, timeoutMs] of [
      [own!, 300],
      [pools!, 700],
    ] as const) {
      expect(asked.settledAt).toBe(1_000 + timeoutMs);
      expect(asked.error).toMatchObject({ wait: { timeoutMs } });
      expect((asked.error as AcquireTimeoutError).wait.requestTimeoutMs).toBeUndefined();
      expect(asked.error!.message).toContain(`no connection within ${timeoutMs} ms (`);
    }
  });

  test('is served as ever while there is time', async () => {
    const kit = setUp({ max: 1 });
    const [held] = await lease(kit, 1);
    const asked = within(kit, 1_000, () => ask(kit));
    await kit.clock.advance(999);
    held!.release();
    await kit.clock.settle();
    expect(asked.state).toBe('resolved');
  });

  test('has it in every pool', async () => {
    const kits = [setUp({ max: 1 }), setUp({ max: 1 })] as const;
    const clock = new ManualClock();
    for (const kit of kits) await lease(kit, 1);
    const asked = withDeadline(
      500,
      async () => {
        const first = ask(kits[0]);
        await clock.advance(200);
        return [first, ask(kits[1])] as const;
      },
      { clock },
    );
    const [first, second] = await asked;
    await kits[0].clock.advance(500);
    await kits[1].clock.advance(300);
    expect(first.error).toMatchObject({ wait: { timeoutMs: 500, requestTimeoutMs: 500 } });
    expect(second.error).toMatchObject({ wait: { timeoutMs: 300, requestTimeoutMs: 500 } });
  });

  test('keeps its own signal and place in the queue', async () => {
    const kit = setUp({ max: 1 });
    const [held] = await lease(kit, 1);
    const controller = new AbortController();
    const [aborted, first, second] = within(kit, 1_000, () => [
      ask(kit, { signal: controller.signal }),
      ask(kit),
      ask(kit, { mode: 'shared' }),
    ]);
    controller.abort(new Error('changed my mind'));
    held!.release();
    await kit.clock.settle();
    expect(aborted!.error?.message).toBe('changed my mind');
    expect(first!.state).toBe('resolved');
    expect(second!.state).toBe('pending');
  });
});

describe('a deadline that is over', () => {
  /** Asks when the deadline has been over for a while. */
  async function late(kit: Kit, asks: () => Watched<unknown>): Promise<Watched<unknown>> {
    const asked = within(kit, 100, async () => {
      await pause(kit, 150);
      return asks();
    });
    await kit.clock.advance(150);
    return await asked;
  }

  test('refuses an acquire at once, though a connection is idle', async () => {
    const kit = setUp();
    await openIdle(kit, 1);
    for (const options of [undefined, { timeoutMs: 5_000 }, { mode: 'shared' }] as const) {
      const asked = await late(kit, () => ask(kit, options));
      expect(asked.settledAt).toBe(kit.clock.now());
      expect(asked.error).toMatchObject({
        code: 'OPENLINE_ACQUIRE_TIMEOUT',
        wait: { timeoutMs: 0, requestTimeoutMs: 100, waitedMs: 0 },
      });
      expect(asked.error!.message).toMatch(
        /^pool "test": no connection within the request's deadline of 100 ms, which was over .*The pool was not tried: look for what took the time before, or give the request more\.$/,
      );
    }
    expect(kit.pool.stats()).toMatchObject({ idle: 1, totals: { timedOut: 3, acquired: 0 } });
  });

  test('opens no connection', async () => {
    const kit = setUp();
    const asked = await late(kit, () => ask(kit));
    expect(asked.state).toBe('rejected');
    expect(kit.connector.opens).toHaveLength(0);
  });

  test('has tryAcquire lend nothing', async () => {
    const kit = setUp();
    await openIdle(kit, 1);
    const tried = await late(kit, () => new Watched(Promise.resolve(kit.pool.tryAcquire()), kit.clock));
    expect(tried.value).toBeUndefined();
    expect(kit.pool.stats().idle).toBe(1);
    within(kit, 100, () => kit.pool.tryAcquire())!.release();
  });

  test('says of a closed pool that it is closed', async () => {
    const kit = setUp();
    await kit.pool.close();
    const asked = await late(kit, () => ask(kit));
    expect(asked.error?.code).toBe('OPENLINE_POOL_CLOSED');
    const tried = await late(kit, () => {
      expect(() => kit.pool.tryAcquire()).toThrow('closed');
      return asked;
    });
    expect(tried).toBe(asked);
  });

  test('is what struck, though the caller holds a connection of the pool already', async () => {
    const kit = setUp({ max: 1 });
    const [held] = await lease(kit, 1);
    // A pool that has starved marks its callers, and knows who holds a connection.
    ask(kit, { timeoutMs: 50 });
    await kit.clock.advance(50);
    held!.release();
    const caller = within(kit, 100, async () => {
      await kit.pool.acquire();
      await pause(kit, 150);
      return [ask(kit), ask(kit, { timeoutMs: 0 })];
    });
    await kit.clock.advance(150);
    for (const asked of await caller) {
      const error = asked.error as AcquireTimeoutError;
      expect(error.wait.requestTimeoutMs).toBe(100);
      expect(error.nestedAcquire).toBeUndefined();
    }
  });
});

describe('a deadline inside another one', () => {
  test.each([
    [500, 1_000, 500],
    [1_000, 500, 500],
    [500, 500, 500],
  ])('of %i ms and %i ms: the earlier counts', (outer, inner, left) => {
    const clock = new ManualClock();
    const seen = withDeadline(outer, () => withDeadline(inner, () => remainingMs(), { clock }), { clock });
    expect(seen).toBe(left);
  });

  test('ends with its work: what comes after has the outer one', async () => {
    const clock = new ManualClock();
    const seen = await withDeadline(
      1_000,
      async () => {
        const inside = await withDeadline(100, async () => remainingMs(), { clock });
        await clock.advance(200);
        return [inside, remainingMs()];
      },
      { clock },
    );
    expect(seen).toEqual([100, 800]);
    expect(remainingMs()).toBeUndefined();
  });
});

test('what is left is never below 0', async () => {
  const clock = new ManualClock();
  await withDeadline(
    100,
    async () => {
      await clock.advance(150);
      expect(remainingMs()).toBe(0);
    },
    { clock },
  );
});

test('the machine’s clock serves where no other is given', () => {
  const left = withDeadline(60_000, () => remainingMs())!;
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThanOrEqual(60_000);
});

test('work that is not async returns and throws what it does', () => {
  expect(withDeadline(10, () => 'done')).toBe('done');
  const thrown = new Error('no');
  expect(() =>
    withDeadline(10, () => {
      throw thrown;
    }),
  ).toThrow(thrown);
});

test('what the pool does of itself is under no caller’s deadline', async () => {
  const seen: (number | undefined)[] = [];
  const look = (): void => void seen.push(remainingMs());
  const kit = setUp({ connector: { open: 'fail' } });
  const { connector, clock } = kit;
  for (const step of ['open', 'validate'] as const) {
    const real = connector[step]!.bind(connector) as (...given: unknown[]) => unknown;
    Object.assign(connector, {
      [step]: (...given: unknown[]) => {
        look();
        return real(...given);
      },
    });
  }
  const asked = within(kit, 2_000, () => ask(kit));
  await clock.advance(200);
  connector.set('open', 'ok');
  await clock.advance(300);
  expect(connector.opens.length).toBeGreaterThan(1);
  expect(asked.state).toBe('resolved');
  asked.value.release();
  await clock.advance(5_000);
  const validated = within(kit, 2_000, () => ask(kit));
  await clock.advance(0);
  expect(validated.state).toBe('resolved');
  expect(connector.validations).toHaveLength(1);
  validated.value.release();
  expect(seen.length).toBeGreaterThan(2);
  expect(new Set(seen)).toEqual(new Set([undefined]));
});

test('an open that a caller caused has its own limit, and serves the next one', async () => {
  const kit = setUp({ max: 1, connector: { open: 'slow', slowMs: 400 } });
  const asked = within(kit, 100, () => ask(kit));
  await kit.clock.advance(100);
  expect(asked.error).toMatchObject({ wait: { openingMs: 100, requestTimeoutMs: 100 } });
  const next = ask(kit);
  await kit.clock.advance(300);
  expect(next.state).toBe('resolved');
  expect(kit.connector.opens).toHaveLength(1);
});

test.each([[0], [-1], [0.5], [Number.NaN], [Number.POSITIVE_INFINITY], ['1000'], [null], [undefined]])(
  'a deadline of %s is refused, and the work not begun',
  (timeoutMs) => {
    const work = vi.fn();
    expect(() => withDeadline(timeoutMs as number, work)).toThrow(InvalidOptionsError);
    expect(() => withDeadline(timeoutMs as number, work)).toThrow(/timeoutMs .*: give a number from 1$/);
    expect(work).not.toHaveBeenCalled();
  },
);

test('faults in the options are told all at once', () => {
  const options = { clok: 1, clock: {} } as never;
  expect(() => withDeadline(-1, () => undefined, options)).toThrow(
    /clok is unknown: did you mean clock\?; timeoutMs is -1.*; clock .*with now/,
  );
});

test('an acquire that nobody serves settles at the earliest of its own end and those of its requests', async () => {
  const ms = fc.integer({ min: 1, max: 2_000 });
  const own = fc.option(fc.integer({ min: 1, max: 2_000 }), { nil: undefined });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ timeoutMs: ms, thenMs: fc.integer({ min: 0, max: 300 }) }), { maxLength: 4 }),
      own,
      fc.constantFrom(500, 1_000, Number.POSITIVE_INFINITY),
      async (requests, timeoutMs, acquireTimeoutMs) => {
        const clock = new ManualClock();
        const pool = createPool({ open: async () => ({}) }, { clock, max: 1, acquireTimeoutMs });
        const held = await pool.acquire();
        let ends = Number.POSITIVE_INFINITY;
        let asked: Watched<unknown> | undefined;
        const step = async (depth: number): Promise<void> => {
          const request = requests[depth];
          if (request === undefined) {
            ends = Math.max(clock.now(), Math.min(ends, clock.now() + (timeoutMs ?? acquireTimeoutMs)));
            asked = new Watched(pool.acquire(timeoutMs === undefined ? undefined : { timeoutMs }), clock);
            return;
          }
          ends = Math.min(ends, clock.now() + request.timeoutMs);
          await withDeadline(
            request.timeoutMs,
            async () => {
              await clock.advance(request.thenMs);
              await step(depth + 1);
            },
            { clock },
          );
        };
        await step(0);
        await clock.advance(5_000);
        if (ends === Number.POSITIVE_INFINITY) {
          expect(asked!.state).toBe('pending');
        } else {
          expect(asked!.error).toBeInstanceOf(AcquireTimeoutError);
          expect(asked!.settledAt).toBe(ends);
        }
        held.release();
        const closing = pool.close({ timeoutMs: 0 });
        await clock.advance(3_000);
        await closing;
      },
    ),
    { numRuns: 200 },
  );
});
