// The spike bench from end to end, with its long times cut short.

import { expect, it } from 'vitest';
import { spike } from '../src/benches/spike.ts';
import { expectWhole, PATIENCE_MS, runTiny } from './run.ts';

it('prints what every pool opened and how long its callers took', { timeout: PATIENCE_MS }, async () => {
  const report = await runTiny('spike');
  expectWhole(report, spike);
  for (const { rows } of report.sections) {
    for (const { figures } of rows) {
      expect(figures['longest']?.median).toBeGreaterThanOrEqual(figures['middle']?.median as number);
    }
  }
});
