// Two causes at once: pairs that leave each other to be seen.

import { causes, type Plant } from './causes.ts';
import { namedAmong } from './named.ts';

const named = namedAmong(causes);

const longer = (plant: Plant): Plant => ({ ...plant, seconds: (chance) => chance.between(30, 45) });

/** Half of the pool, so that the other cause still shows. */
const halfLeak: Plant = {
  ...named('leak', 'most of them, under load'),
  variant: 'half of them',
  plant: (world) => {
    const { max } = world.pool.stats();
    world.mostLeaks = Math.ceil(max * world.chance.between(0.4, 0.6));
    world.habits.leakShare = max / (world.habits.rate * world.chance.between(3, 6));
  },
};

const severalTimesSlower: Plant = {
  cause: 'slow-use',
  variant: 'the server is several times slower',
  plant: (world) => {
    world.habits.serverMs *= world.chance.between(3, 6);
  },
};

/** After the other cause has had its time. */
const goneLater: Plant = {
  cause: 'server-unreachable',
  variant: 'refused, later',
  plant: (world) =>
    void world.clock.setTimer(() => {
      world.server.door = 'refused';
      world.server.cutAll();
    }, 15_000),
};

export const mixtures: readonly (readonly Plant[])[] = [
  [halfLeak, named('slow-use', 'the server is slow')],
  [halfLeak, named('slow-use', 'the callers are slow')],
  [named('too-small', 'more callers'), severalTimesSlower],
  [named('event-loop-blocked', 'for seconds'), longer(halfLeak)],
  [named('server-full', 'no room for more'), longer(halfLeak)],
  [named('server-full', 'no room for more'), severalTimesSlower],
  [halfLeak, goneLater],
  [named('event-loop-blocked', 'again and again'), named('server-full', 'no room for more')],
];
