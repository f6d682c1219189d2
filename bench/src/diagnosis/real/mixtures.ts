// Two causes at once on real servers: pairs that leave each other to be seen.

import { namedAmong } from '../named.ts';
import type { Chance } from '../random.ts';
import { causes } from './causes.ts';
import { halfIdle } from './causes-of-load.ts';
import type { Plant } from './plant.ts';

const named = namedAmong(causes);

const longer = (plant: Plant): Plant => ({ ...plant, seconds: (chance) => chance.between(4.6, 5.4) });

/** Half of the pool, so that the other cause still shows. */
const halfLeak: Plant = longer({
  cause: 'leak',
  variant: 'half of them',
  settings: halfIdle,
  plant: (service) => {
    const { max } = service.pool.stats();
    service.mostLeaks = Math.ceil(max * service.chance.between(0.4, 0.6));
    service.habits.leakShare = max / (service.habits.rate * service.chance.between(0.5, 1));
  },
});

const severalTimesSlower: Plant = {
  cause: 'slow-use',
  variant: 'several times slower',
  plant: (service) => {
    service.habits.serverMs *= service.chance.between(3, 6);
  },
};

/** After the other cause has had its time. */
const goneLater: Plant = {
  cause: 'server-unreachable',
  variant: 'refused, later',
  settings: (chance: Chance) => ({ gate: true, connectTimeoutMs: chance.between(500, 900) }),
  plant: ({ gate, chance }) => {
    setTimeout(
      () => {
        gate.refuse();
        gate.cut();
      },
      chance.between(3_000, 3_500),
    );
  },
};

export const mixtures: readonly (readonly Plant[])[] = [
  [halfLeak, named('slow-use', 'the server is slow')],
  [halfLeak, named('slow-use', 'the callers are slow')],
  [named('too-small', 'more callers'), severalTimesSlower],
  [named('event-loop-blocked', 'by synchronous I/O for a second or two'), halfLeak],
  [named('server-full', 'no room for more'), halfLeak],
  [named('server-full', 'no room for more'), severalTimesSlower],
  [halfLeak, goneLater],
  [
    named('event-loop-blocked', 'by a computation, again and again'),
    named('server-full', 'no room for more'),
  ],
];
