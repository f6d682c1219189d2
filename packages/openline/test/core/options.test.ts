// Options are checked where they enter: all faults at once, each with what would be right.
import { createPool, InvalidOptionsError, type PoolOptions } from 'openline';
import { afterEach, describe, expect, test, vi } from 'vitest';

const connector = { open: async () => ({}) };

function faultsOf(options: unknown, given: unknown = connector): InvalidOptionsError {
  try {
    createPool(given as typeof connector, options as PoolOptions);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidOptionsError);
    return error as InvalidOptionsError;
  }
  throw new Error('was taken');
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('options', () => {
  test('have the defaults that the documentation names', () => {
    const pool = createPool(connector);
    expect(pool.stats()).toMatchObject({ max: 10, min: 0, size: 0, state: 'running' });
    expect(pool.name).toMatch(/^pool-\d+$/);
  });

  test('are refused with all their faults at once', () => {
    const error = faultsOf({
      max: 0,
      min: -1,
      maxWaiters: 1.5,
      acquireTimeoutMs: '30',
      connectTimeoutMs: 0,
      idleTimeoutMs: Number.NaN,
      maxLifetimeMs: null,
      name: '',
      observers: {},
      clock: { now: () => 0 },
      timeout: 5,
    });
    expect(error.code).toBe('OPENLINE_INVALID_OPTIONS');
    expect(error.faults.map(({ option }) => option).sort()).toEqual([
      'acquireTimeoutMs',
      'clock',
      'connectTimeoutMs',
      'idleTimeoutMs',
      'max',
      'maxLifetimeMs',
      'maxWaiters',
      'min',
      'name',
      'observers',
      'timeout',
    ]);
    expect(error.message).toContain('max is 0: give a whole number from 1, or Infinity');
    expect(error.message).toContain('acquireTimeoutMs is a string of 2: give a number from 0, or Infinity');
    expect(error.message).toContain('clock is a object: give an object with turnNow, wallNow, setTimer');
  });

  test.each([
    ['acquireTimeoutMS', 'acquireTimeoutMs'],
    ['idleTimeout', 'idleTimeoutMs'],
    ['maxWaiter', 'maxWaiters'],
    ['maxLifeTimeMs', 'maxLifetimeMs'],
  ])('name the nearest one that is known: %s', (wrong, right) => {
    expect(faultsOf({ [wrong]: 1_000 }).message).toContain(`${wrong} is unknown: did you mean ${right}?`);
  });

  test('list all that are known where none is near', () => {
    expect(faultsOf({ colour: 'red' }).message).toMatch(
      /colour is unknown: known are max, min, maxWaiters.*clock/,
    );
  });

  test('never show the text of a value, which may be a secret', () => {
    expect(faultsOf({ max: 'hunter2' }).message).not.toContain('hunter2');
  });

  test('take Infinity where they say so, and 0 only there', () => {
    const unlimited = Number.POSITIVE_INFINITY;
    createPool(connector, {
      max: unlimited,
      maxWaiters: unlimited,
      acquireTimeoutMs: unlimited,
      connectTimeoutMs: unlimited,
    });
    createPool(connector, { acquireTimeoutMs: 0, maxWaiters: 0, min: 0, validateAfterIdleMs: 0 });
    expect(faultsOf({ min: unlimited }).faults).toHaveLength(1);
    const zeros = {
      idleTimeoutMs: 0,
      maxLifetimeMs: 0,
      keepaliveMs: 0,
      leakThresholdMs: 0,
      connectTimeoutMs: 0,
    };
    expect(faultsOf(zeros).faults).toHaveLength(5);
  });

  test('that are undefined are the defaults', () => {
    expect(createPool(connector, { max: undefined } as never).stats().max).toBe(10);
  });

  test('with min above max are refused', () => {
    expect(faultsOf({ max: 2, min: 3 }).message).toContain('min is 3, above max 2');
  });

  test('that are no object are refused', () => {
    expect(faultsOf('max=5').faults[0]!.option).toBe('options');
    expect(faultsOf(null).faults[0]!.option).toBe('options');
  });

  test('without a connector that opens are refused', () => {
    expect(faultsOf({}, {}).message).toContain('connector has no open()');
    expect(faultsOf({}, null).message).toContain('connector has no open()');
  });
});

describe('a value that looks like seconds', () => {
  test('draws one warning, and is taken as it is', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    createPool(connector, { name: 'orders', acquireTimeoutMs: 7 });
    createPool(connector, { name: 'orders', acquireTimeoutMs: 7 });
    expect(warn).toHaveBeenCalledTimes(1);
    const [message, details] = warn.mock.calls[0] as unknown as [string, { code: string }];
    expect(message).toBe(
      'pool "orders": acquireTimeoutMs is 7 milliseconds, which looks like seconds: write 7000 if they were meant',
    );
    expect(details.code).toBe('OPENLINE_LOOKS_LIKE_SECONDS');
  });

  test('is not seen in 0, nor in what is short for a reason', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    createPool(connector, { acquireTimeoutMs: 0, validateAfterIdleMs: 1, connectTimeoutMs: 250 });
    expect(warn).not.toHaveBeenCalled();
  });
});

test('an acquire with a mode that does not exist is refused', async () => {
  const pool = createPool(connector);
  await expect(pool.acquire({ mode: 'alone' as 'shared' })).rejects.toMatchObject({
    code: 'OPENLINE_INVALID_OPTIONS',
    faults: [{ option: 'mode' }],
  });
});
