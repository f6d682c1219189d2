// Options of an HttpPool: all faults at once, defaults, and what an origin has of its own.
import { HttpPool, type HttpPoolOptions } from 'openline/http';
import { describe, expect, test } from 'vitest';
import { resolveHttpOptions } from '../../src/http/options.ts';

const faultsOf = (options: unknown): string => {
  try {
    new HttpPool(options as HttpPoolOptions);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

test('every default of a request is finite', () => {
  const { limits, maxHeaderSize } = resolveHttpOptions(undefined).of('http://localhost');
  expect(limits).toEqual({
    headersTimeoutMs: 30_000,
    bodyTimeoutMs: 30_000,
    bodyIdleTimeoutMs: 30_000,
    totalTimeoutMs: 120_000,
  });
  expect(maxHeaderSize).toBe(65_536);
  const { maxTotal, maxOrigins } = resolveHttpOptions({});
  expect({ maxTotal, maxOrigins }).toEqual({ maxTotal: 256, maxOrigins: 1_000 });
});

test('faults of every kind are told at once', () => {
  const message = faultsOf({
    headersTimeoutMs: 0,
    maxTotal: 0,
    maxOrigins: 1.5,
    lookup: 7,
    headerTimeout: 1,
  });
  for (const part of ['headersTimeoutMs', 'maxTotal', 'maxOrigins', 'lookup', 'headerTimeout'])
    expect(message).toContain(part);
});

test('a name that is nearly right is told the right one', () => {
  expect(faultsOf({ headersTimeout: 5 })).toContain('did you mean headersTimeoutMs?');
});

test('options of the engine are refused too, before anything is asked', () => {
  expect(faultsOf({ max: 0 })).toContain('max is 0');
  expect(faultsOf({ origins: { 'http://a.example': { connectTimeoutMs: -1 } } })).toContain(
    'connectTimeoutMs',
  );
});

describe('origins with something of their own', () => {
  test('have it, and the rest as all others', () => {
    const options = resolveHttpOptions({
      max: 3,
      headersTimeoutMs: 1_000,
      origins: { 'https://Slow.example:443/path': { headersTimeoutMs: 60_000, min: 1 } },
    });
    const slow = options.of('https://slow.example');
    expect(slow.limits.headersTimeoutMs).toBe(60_000);
    expect(slow.engine).toMatchObject({ max: 3, min: 1 });
    expect(options.of('https://other.example').limits.headersTimeoutMs).toBe(1_000);
  });

  test('must be origins, with options that are known', () => {
    expect(faultsOf({ origins: { 'slow.example': {} } })).toContain('"slow.example"');
    expect(faultsOf({ origins: { 'http://a.example': { headersTimeoutMS: 1 } } })).toContain(
      'headersTimeoutMs',
    );
  });
});
