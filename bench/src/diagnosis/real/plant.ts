// What is planted in a service on real servers, or not.

import type { Cause } from 'openline/insight';
import type { Chance } from '../random.ts';
import type { Service } from './service.ts';
import type { Settings } from './settings.ts';

/** What only one run at a time may have. */
export type Need = 'the small server' | 'a core';

/** One way in which something goes wrong, or not. */
export interface Plant {
  readonly cause: Cause | 'healthy';
  readonly variant: string;
  /** What the service is like, where that matters. */
  readonly settings?: (chance: Chance) => Partial<Settings>;
  /** Whether it is there from the first moment, with nothing usual before it. */
  readonly fromTheStart?: boolean;
  /** How long it lasts before somebody asks, in seconds; by default 3.4 to 4.6. */
  readonly seconds?: (chance: Chance) => number;
  readonly needs?: Need;
  plant(service: Service): unknown;
}

/** The load that a cause must add to, so that somebody suffers. */
export const some = (chance: Chance): Partial<Settings> => ({ load: chance.between(0.35, 0.65) });

/** How many times more load makes a pool of this load overfull. */
export function overfull({ pool, chance, habits, heldMs }: Service, low: number, high: number): number {
  return (pool.stats().max * chance.between(low, high) * 1_000) / (habits.rate * heldMs);
}
