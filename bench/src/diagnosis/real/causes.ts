// All that is planted on real servers, each cause in three ways or more.

import { blocked, herds, tooSmall } from './causes-of-load.ts';
import { connectsSlow, full, unreachable } from './causes-of-opening.ts';
import { leaks, nested, slowUse } from './causes-of-use.ts';
import type { Plant } from './plant.ts';

export const causes: readonly Plant[] = [
  ...tooSmall,
  ...leaks,
  ...slowUse,
  ...nested,
  ...blocked,
  ...unreachable,
  ...full,
  ...connectsSlow,
  ...herds,
];
