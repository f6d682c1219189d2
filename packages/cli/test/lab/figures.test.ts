// The lab's arithmetic and its words: percentiles, bars, figures, conclusions.
import { describe, expect, it } from 'vitest';
import { bar } from '../../src/lab/bar.ts';
import { type Comparison, compare } from '../../src/lab/comparison.ts';
import { conclusions } from '../../src/lab/conclusion.ts';
import { milliseconds, share, times } from '../../src/lab/figures.ts';
import type { Measurement } from '../../src/lab/measurement.ts';
import { percentile } from '../../src/lab/percentiles.ts';
import { phaseNames } from '../../src/lab/phases.ts';

it('a percentile is the value that so many percent do not exceed', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  expect([50, 99, 100].map((percent) => percentile(hundred, percent))).toEqual([50, 99, 100]);
  expect([percentile([7], 1), percentile([], 50)]).toEqual([7, 0]);
});

it('a bar is in proportion, and whatever is above 0 shows', () => {
  expect([bar(10, 10, 4), bar(5, 10, 4), bar(0.01, 10, 4), bar(0, 10, 4)]).toEqual(['████', '██', '▏', '']);
});

it('figures have three digits that matter', () => {
  expect([0, 0.416, 7.618, 20.51, 1034.4].map(milliseconds)).toEqual([
    '0 ms',
    '0.42 ms',
    '7.62 ms',
    '20.5 ms',
    '1,034 ms',
  ]);
  expect([0, 0.001, 0.345].map(share)).toEqual(['0 %', '< 1 %', '35 %']);
});

it('a ratio is told in the word for better, for worse, or for neither', () => {
  expect([16.4, 1.25, 1.01, 0.5].map((ratio) => times(ratio, 'more', 'fewer'))).toEqual([
    '16 × more',
    '1.3 × more',
    'the same',
    '2.0 × fewer',
  ]);
});

describe('conclusions', () => {
  const measurement = (requestsPerSecond: number, cpuMsPerRequest: number, failed = 0): Measurement => ({
    requests: requestsPerSecond,
    failed,
    firstFailure: failed > 0 ? 'status 503: too many clients' : undefined,
    seconds: 1,
    requestsPerSecond,
    latencyMs: { p50: 1, p99: 2, max: 3 },
    cpuMsPerRequest,
    opened: { database: 10, prices: 10 },
    requestMs: phaseNames.length,
    phases: phaseNames.map(({ key }) => ({ phase: key, meanMs: 1, share: 1 / phaseNames.length })),
    connectMs: { database: {}, prices: {} },
  });
  const conditions: Comparison['conditions'] = {
    database: 'a database',
    callers: 1,
    poolMax: 1,
    seconds: 1,
    warmUpSeconds: 1,
    node: '20',
    processors: 2,
  };
  const concluded = (one: Measurement, other: Measurement): string =>
    conclusions(compare(conditions, one, other)).join('\n');

  it('follow the figures when pooling is better', () => {
    const text = concluded(measurement(100, 10), measurement(1_000, 1));
    expect(text).toContain('71 % of a request');
    expect(text).toContain('answered 10 × more requests per second');
    expect(text).toContain('10 × less processor time');
  });

  it('follow the figures when it is worse', () => {
    const text = concluded(measurement(100, 1), measurement(50, 2));
    expect(text).toContain('answered 2.0 × fewer requests per second');
    expect(text).toContain('2.0 × more processor time');
  });

  it('follow the figures when it makes no difference', () => {
    expect(concluded(measurement(100, 1), measurement(100, 1))).toContain(
      'answered as many requests per second with as much processor time for each',
    );
  });

  it('tell what the pools opened, and how long each phase took', () => {
    const pooled = {
      ...measurement(100, 1),
      opened: { database: 7, prices: 1 },
      connectMs: { database: { tcp: 1, startup: 2 }, prices: { dns: 0.5, 'proxy-tls': 3 } },
    };
    expect(concluded(measurement(100, 1), pooled)).toContain(
      'The pools opened 7 connections to the database (each on average: TCP 1.00 ms, startup 2.00 ms) and ' +
        '1 connection to the price service (DNS 0.50 ms, proxy-tls 3.00 ms), warm-up included, and kept them.',
    );
  });

  it('tell of requests that failed', () => {
    const text = concluded(measurement(100, 1, 3), measurement(100, 1));
    expect(text).toContain('3 requests failed');
    expect(text).toContain('too many clients');
  });
});
