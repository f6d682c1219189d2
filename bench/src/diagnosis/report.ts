// The figures of the diagnosis as they are kept.

import { describeMachine, type Machine } from '../harness/machine.ts';
import type { Options } from './options.ts';
import type { Tally } from './tally.ts';

interface DiagnosisReport extends Tally {
  readonly bench: 'diagnosis';
  readonly seeds: { readonly from: number; readonly count: number };
  readonly machine: Machine;
}

export function reportOf(tally: Tally, { from, seeds }: Options): DiagnosisReport {
  return { bench: 'diagnosis', seeds: { from, count: seeds }, machine: describeMachine(), ...tally };
}
