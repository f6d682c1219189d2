// The cycle bench from end to end, at a size that tells nothing of speed.

import { expect, it } from 'vitest';
import { cycle } from '../src/benches/cycle.ts';
import { expectWhole, PATIENCE_MS, runTiny } from './run.ts';

it('prints the figures of every pool, with an AsyncLocalStorage off and on', {
  timeout: PATIENCE_MS,
}, async () => {
  const report = await runTiny('cycle');
  expectWhole(report, cycle);
  expect(report.sections.map((section) => section.variant)).toContain('als-on');
});

it('makes waiters queue where many loops share few connections', { timeout: PATIENCE_MS }, async () => {
  const { sections } = await runTiny(
    'cycle',
    '--scenarios',
    'alone,crowd-100',
    '--variants',
    'als-off',
    '--only',
    'fifo',
  );
  const [alone, crowd] = sections.map((section) => section.rows[0]?.figures['waited']?.median);
  expect(alone).toBe(0);
  expect(crowd).toBeGreaterThan(90);
});
