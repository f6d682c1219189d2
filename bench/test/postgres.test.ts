// The postgres bench from end to end, on a server of its own.

import { expect, it } from 'vitest';
import { postgres } from '../src/benches/postgres.ts';
import { expectWhole, PATIENCE_MS, runTiny } from './run.ts';

it('prints the figures of every way to ask, and the version of the server', {
  timeout: PATIENCE_MS,
}, async () => {
  const report = await runTiny('postgres');
  expectWhole(report, postgres);
  expect(report.facts['PostgreSQL']).toMatch(/^\d+\.\d+/);
  const least = (scenario: string, metric: string): number[] =>
    report.sections
      .filter((section) => section.scenario === scenario)
      .flatMap(({ rows }) => rows.map(({ figures }) => figures[metric]?.min ?? Number.NaN));
  // What the server sleeps and the slow network holds back nobody can be spared.
  for (const ms of least('sleep-1ms-1', 'p50')) expect(ms).toBeGreaterThanOrEqual(1);
  for (const ms of least('rtt5-1', 'p50')) expect(ms).toBeGreaterThanOrEqual(4);
  for (const ms of least('mixed', 'longP99')) expect(ms).toBeGreaterThanOrEqual(100);
});
