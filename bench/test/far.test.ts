// The benches far from their server, from end to end, with a short way to it.

import { expect, it } from 'vitest';
import { cold } from '../src/benches/cold.ts';
import { connect } from '../src/benches/connect.ts';
import { quiet } from '../src/benches/quiet.ts';
import { expectWhole, PATIENCE_MS, runTiny } from './run.ts';

/** A tiny run delays each way by this, never less. */
const ROUND_TRIP_MS = 10;

/** TLS 1.3 takes one, the startup with scram three. */
const LEAST_TRIPS = 4;

it.each([
  [connect, 'connect', LEAST_TRIPS],
  [cold, 'first', LEAST_TRIPS],
  [quiet, 'middle', 1],
] as const)(
  'prints what each contender of $name took, and the round trip',
  {
    timeout: PATIENCE_MS,
  },
  async (bench, metric, trips) => {
    const report = await runTiny(bench.name);
    expectWhole(report, bench);
    expect(report.facts['round trip']).toMatch(/\d ms$/);
    for (const { rows } of report.sections) {
      for (const { figures } of rows) {
        expect(figures[metric]?.min).toBeGreaterThanOrEqual(trips * ROUND_TRIP_MS);
      }
    }
  },
);
