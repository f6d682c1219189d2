// All faults, by name.

import type { FaultContender } from './contender.ts';
import type { Fault } from './fault.ts';
import { httpFaults } from './http/catalogue.ts';
import { postgresFaults } from './postgres/catalogue.ts';

export const faults: readonly Fault[] = [...postgresFaults, ...httpFaults];

export const contenders: readonly FaultContender[] = [
  ...new Set(faults.flatMap((fault) => fault.contenders)),
];
