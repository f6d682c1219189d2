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
});
