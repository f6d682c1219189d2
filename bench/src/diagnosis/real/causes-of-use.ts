// Planted: leaks, slow use, and holders that acquire again.

import type { Chance } from '../random.ts';
import { every } from './every.ts';
import { overfull, type Plant, some } from './plant.ts';
import type { Settings } from './settings.ts';

/** Long enough for what is kept to grow old, and for those who wait in vain to give up and come again. */
const longer = (chance: Chance): number => chance.between(4.4, 5.4);

/** So many leases until the pool has leaked as many connections as it has. */
const within =
  (low: number, high: number): Plant['plant'] =>
  ({ pool, habits, chance }) => {
    habits.leakShare = pool.stats().max / (habits.rate * chance.between(low, high));
  };

export const leaks: readonly Plant[] = [
  {
    cause: 'leak',
    variant: 'a share of the callers',
    settings: some,
    seconds: longer,
    plant: within(0.8, 2),
  },
  {
    cause: 'leak',
    variant: 'all at once',
    settings: some,
    seconds: longer,
    plant: ({ habits }) => {
      habits.leakShare = 0.5;
    },
  },
  {
    cause: 'leak',
    variant: 'most of them, under load',
    settings: (chance) => ({ load: chance.between(0.5, 0.7), max: chance.whole(5, 10) }),
    seconds: longer,
    plant: (service) => {
      service.mostLeaks = Math.ceil(service.pool.stats().max * service.chance.between(0.6, 0.9));
      within(0.5, 1.5)(service);
    },
  },
  {
    cause: 'leak',
    variant: 'in open transactions',
    settings: some,
    seconds: longer,
    plant: (service) => {
      service.habits.leaksInTransaction = true;
      within(0.5, 1.5)(service);
    },
  },
];

export const slowUse: readonly Plant[] = [
  {
    cause: 'slow-use',
    variant: 'the server is slow',
    settings: some,
    plant: (service) => {
      service.habits.serverMs *= overfull(service, 1.5, 5);
    },
  },
  {
    cause: 'slow-use',
    variant: 'the callers are slow',
    settings: some,
    plant: (service) => {
      const times = overfull(service, 1.5, 5);
      service.habits.ownMs += service.heldMs * (times - 1);
    },
  },
  {
    cause: 'slow-use',
    variant: 'a row that others lock',
    settings: some,
    plant: async ({ server, habits, chance, traffic }) => {
      const lockedMs = chance.between(200, 600);
      await server.lockFor(() => traffic.skewed(lockedMs, 0.3));
      habits.lockShare = chance.between(0.3, 0.8);
    },
  },
];

/** Load enough for holders to meet at an empty pool. */
const crowded = (chance: Chance): Partial<Settings> => ({
  load: chance.between(0.45, 0.65),
  max: chance.whole(3, 8),
});

export const nested: readonly Plant[] = [
  {
    cause: 'nested-acquire',
    variant: 'every caller',
    settings: crowded,
    seconds: longer,
    plant: (service) => {
      service.habits.nestedShare = 1;
      service.habits.rate *= Math.max(overfull(service, 0.7, 0.9), 1);
    },
  },
  {
    cause: 'nested-acquire',
    variant: 'half of the callers',
    settings: crowded,
    seconds: longer,
    plant: (service) => {
      service.habits.nestedShare = service.chance.between(0.5, 0.8);
      service.habits.rate *= Math.max(overfull(service, 0.8, 0.95), 1);
    },
  },
  {
    cause: 'nested-acquire',
    variant: 'in bursts',
    settings: (chance) => ({ load: chance.between(0.15, 0.4), max: chance.whole(3, 8) }),
    seconds: (chance) => chance.between(5.5, 6.5),
    plant: (service) => {
      service.habits.nestedShare = 1;
      const { traffic, pool } = service;
      every(
        () => traffic.between(800, 1_500),
        () => service.burst(pool.stats().max * 2),
      );
    },
  },
];
