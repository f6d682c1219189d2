// Runs on real servers in which nothing is wrong, quiet and busy ones.

import { waitSynchronously } from './block.ts';
import { every } from './every.ts';
import type { Plant } from './plant.ts';

const nothing = (): void => undefined;

/** Nothing is wrong, whatever this is. */
const healthy = (variant: string, rest: Partial<Omit<Plant, 'cause' | 'variant'>>): Plant => ({
  cause: 'healthy',
  variant,
  plant: nothing,
  ...rest,
});

export const healthyPlants: readonly Plant[] = [
  healthy('quiet', { settings: (chance) => ({ load: chance.between(0.02, 0.25) }) }),
  healthy('usual', { settings: (chance) => ({ load: chance.between(0.3, 0.6) }) }),
  healthy('busy', {
    settings: (chance) => ({ load: chance.between(0.6, 0.75), max: chance.whole(5, 12) }),
  }),
  healthy('busy from the start', {
    fromTheStart: true,
    settings: (chance) => ({ load: chance.between(0.5, 0.7), max: chance.whole(5, 12) }),
  }),
  healthy('small bursts', {
    settings: (chance) => ({ load: chance.between(0.1, 0.35) }),
    plant: (service) => {
      const { traffic, pool } = service;
      every(
        () => traffic.between(600, 2_000),
        () => service.burst(Math.ceil(pool.stats().max * traffic.between(0.5, 1.2))),
      );
    },
  }),
  healthy('a report at the server', {
    settings: (chance) => ({ load: chance.between(0.1, 0.5), max: chance.whole(6, 12) }),
    plant: (service) => void service.longJob(service.chance.between(2_000, 6_000), true).catch(nothing),
  }),
  healthy('a report that the caller works on', {
    settings: (chance) => ({ load: chance.between(0.1, 0.5), max: chance.whole(8, 12) }),
    plant: (service) => void service.longJob(service.chance.between(2_000, 3_500), false).catch(nothing),
  }),
  healthy('pauses of the collector', {
    settings: (chance) => ({ load: chance.between(0.1, 0.6) }),
    plant: ({ traffic }) =>
      every(
        () => traffic.between(700, 2_000),
        () => waitSynchronously(traffic.between(20, 60)),
      ),
  }),
  healthy('an outage that is over', {
    settings: (chance) => ({ load: chance.between(0.1, 0.4), gate: true }),
    // What happened in the last ten seconds is still told.
    seconds: (chance) => chance.between(12, 13),
    plant: ({ gate, chance }) => {
      gate.refuse();
      gate.cut();
      setTimeout(() => void gate.restore(), chance.between(200, 900));
    },
  }),
  healthy('more callers, and room for them', {
    settings: (chance) => ({ load: chance.between(0.2, 0.35) }),
    plant: ({ habits, chance }) => {
      habits.rate *= chance.between(1.5, 2);
    },
  }),
  healthy('a little slower', {
    settings: (chance) => ({ load: chance.between(0.2, 0.4) }),
    plant: ({ habits, chance }) => {
      habits.serverMs *= chance.between(1.2, 1.7);
    },
  }),
  healthy('connections that do not last', {
    settings: (chance) => ({ load: chance.between(0.1, 0.4), maxUses: chance.whole(20, 60) }),
  }),
  healthy('a cold start far from the server', {
    fromTheStart: true,
    settings: (chance) => ({ load: chance.between(0.1, 0.35), distanceMs: chance.between(10, 18), reads: 5 }),
  }),
  healthy('a pool that grows', {
    settings: (chance) => ({
      load: chance.between(0.05, 0.1),
      max: chance.whole(8, 12),
      distanceMs: chance.between(1, 4),
    }),
    plant: ({ habits, chance }) => {
      habits.rate *= chance.between(3, 5);
    },
  }),
  healthy('statements that are long, and always were', {
    settings: (chance) => ({
      load: chance.between(0.2, 0.5),
      max: chance.whole(6, 12),
      heldMs: chance.between(150, 350),
    }),
  }),
  healthy('many short reads that share connections', {
    settings: (chance) => ({ load: chance.between(0.05, 0.2), reads: chance.between(100, 400) }),
  }),
];
