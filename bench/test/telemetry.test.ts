// The telemetry bench from end to end, on a server of its own.

import { expect, it } from 'vitest';
import { telemetry } from '../src/benches/telemetry.ts';
import { expectWhole, PATIENCE_MS, runTiny } from './run.ts';

/** Long enough for the callers to wait, and for metrics to be collected, in the midst of a round. */
const ROUND_MS = 40;

it('prints what each way to watch a pool costs, and each has watched', { timeout: PATIENCE_MS }, async () => {
  const report = await runTiny('telemetry', '--round-ms', String(ROUND_MS));
  expectWhole(report, telemetry);
  const most = (metric: string): Map<string, number> => {
    const found = new Map<string, number>();
    for (const { rows } of report.sections) {
      for (const { contender, figures } of rows)
        found.set(contender, Math.max(found.get(contender) ?? 0, figures[metric]!.max));
    }
    return found;
  };
  const those = (metric: string): string[] =>
    [...most(metric)].filter(([, value]) => value > 0).map(([contender]) => contender);
  expect(those('collections')).toEqual(['opentelemetry', 'prometheus', 'everything']);
  expect(those('spans')).toEqual(['requests+spans']);
});
