// Runs in which nothing is wrong, quiet and busy ones.

import type { Plant } from './causes.ts';

const nothing = (): void => undefined;

export const healthyPlants: readonly Plant[] = [
  {
    cause: 'healthy',
    variant: 'quiet',
    options: (chance) => ({ load: chance.between(0.02, 0.3) }),
    plant: nothing,
  },
  {
    cause: 'healthy',
    variant: 'usual',
    options: (chance) => ({ load: chance.between(0.3, 0.6) }),
    plant: nothing,
  },
  {
    cause: 'healthy',
    variant: 'busy',
    options: (chance) => ({ load: chance.between(0.6, 0.78) }),
    plant: nothing,
  },
  {
    cause: 'healthy',
    variant: 'busy from the start',
    fromTheStart: true,
    options: (chance) => ({ load: chance.between(0.5, 0.75) }),
    plant: nothing,
  },
  {
    cause: 'healthy',
    variant: 'small bursts',
    options: (chance) => ({ load: chance.between(0.1, 0.4) }),
    plant: (world) =>
      world.every(
        () => world.chance.between(1_000, 4_000),
        () => world.burst(Math.ceil(world.pool.stats().max * world.chance.between(0.5, 1.2))),
      ),
  },
  {
    cause: 'healthy',
    variant: 'a long job',
    options: (chance) => ({ load: chance.between(0.1, 0.5), max: chance.whole(8, 20) }),
    plant: (world) =>
      void world.longJob(world.chance.between(5_000, 60_000), world.chance.next() < 0.5).catch(nothing),
  },
  {
    cause: 'healthy',
    variant: 'pauses of the collector',
    options: (chance) => ({ load: chance.between(0.1, 0.6) }),
    plant: (world) =>
      world.every(
        () => world.chance.between(1_500, 4_000),
        () => world.clock.block(world.chance.between(20, 70)),
      ),
  },
  {
    cause: 'healthy',
    variant: 'an outage that is over',
    options: (chance) => ({ load: chance.between(0.1, 0.4) }),
    seconds: (chance) => chance.between(25, 35),
    plant: (world) => {
      world.server.door = 'refused';
      world.server.cutAll();
      world.clock.setTimer(
        () => {
          world.server.door = 'open';
        },
        world.chance.between(500, 6_000),
      );
    },
  },
  {
    cause: 'healthy',
    variant: 'more callers, and room for them',
    options: (chance) => ({ load: chance.between(0.2, 0.35) }),
    plant: (world) => {
      world.habits.rate *= world.chance.between(1.5, 2);
    },
  },
  {
    cause: 'healthy',
    variant: 'a little slower',
    options: (chance) => ({ load: chance.between(0.2, 0.4) }),
    plant: (world) => {
      world.habits.serverMs *= world.chance.between(1.2, 1.7);
    },
  },
  {
    cause: 'healthy',
    variant: 'connections that do not last',
    options: (chance) => ({ load: chance.between(0.1, 0.4), maxUses: chance.whole(50, 200) }),
    plant: nothing,
  },
];
