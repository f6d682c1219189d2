// Planted: a server that cannot be reached, one that is full, and one that is slow to let in.

import type { Chance } from '../random.ts';
import { overfull, type Plant } from './plant.ts';
import type { Settings } from './settings.ts';

/** Limits that a run of seconds can meet. */
const impatient = (chance: Chance): Partial<Settings> => ({
  gate: true,
  connectTimeoutMs: chance.between(500, 900),
  readTimeoutMs: chance.between(500, 900),
});

export const unreachable: readonly Plant[] = [
  {
    cause: 'server-unreachable',
    variant: 'refused',
    settings: impatient,
    plant: ({ gate }) => {
      gate.refuse();
      gate.cut();
    },
  },
  {
    cause: 'server-unreachable',
    variant: 'silent',
    settings: impatient,
    seconds: (chance) => chance.between(4.5, 5.5),
    plant: ({ gate }) => gate.silent(),
  },
  {
    cause: 'server-unreachable',
    variant: 'reset at the door',
    settings: impatient,
    plant: ({ gate }) => {
      gate.refuse('reset');
      gate.cut('end');
    },
  },
  {
    cause: 'server-unreachable',
    variant: 'never there',
    fromTheStart: true,
    settings: impatient,
    plant: ({ gate, chance }) => {
      if (chance.next() < 0.5) gate.refuse();
      else gate.silent();
    },
  },
];

export const full: readonly Plant[] = [
  {
    cause: 'server-full',
    variant: 'others have taken most of its room',
    fromTheStart: true,
    needs: 'the small server',
    settings: (chance) => ({
      load: chance.between(0.6, 0.8),
      max: chance.whole(5, 10),
      smallServer: true,
    }),
    plant: ({ server, habits, heldMs, chance }) => {
      const busy = (habits.rate * heldMs) / 1_000;
      return server.leaveRoomFor(Math.max(1, Math.floor(busy * chance.between(0.4, 0.8))));
    },
  },
  {
    cause: 'server-full',
    variant: 'no room for more',
    settings: (chance) => ({ load: chance.between(0.2, 0.4), max: chance.whole(5, 10), ownRole: true }),
    plant: async (service) => {
      const { pool, server } = service;
      const { max, size } = pool.stats();
      await server.limit(size);
      pool.resize({ max: max * 2 });
      service.habits.rate *= Math.max(
        overfull(service, 0.6, 0.9),
        (size * 1_300) / (service.habits.rate * service.heldMs),
      );
    },
  },
  {
    cause: 'server-full',
    variant: 'no room at all',
    fromTheStart: true,
    settings: () => ({ ownRole: true }),
    plant: ({ server }) => server.limit(0),
  },
];

export const connectsSlow: readonly Plant[] = [
  {
    cause: 'connects-slow',
    variant: 'a slow login, each connection used once or twice',
    settings: (chance) => ({
      load: chance.between(0.15, 0.35),
      maxUses: chance.whole(1, 3),
      ownRole: true,
      reads: 0,
    }),
    plant: ({ server, chance }) => server.slowLogin(chance.between(400, 1_200)),
  },
  {
    cause: 'connects-slow',
    variant: 'a slow login, connections thrown away',
    settings: (chance) => ({ load: chance.between(0.3, 0.6), ownRole: true, reads: 0 }),
    plant: ({ server, habits, chance }) => {
      habits.discardShare = chance.between(0.5, 0.9);
      return server.slowLogin(chance.between(400, 1_200));
    },
  },
  {
    cause: 'connects-slow',
    variant: 'at the start',
    fromTheStart: true,
    settings: () => ({ ownRole: true }),
    seconds: (chance) => chance.between(1.3, 1.7),
    plant: ({ server, chance }) => server.slowLogin(chance.between(2_000, 2_600)),
  },
  {
    cause: 'connects-slow',
    variant: 'a server far away, each connection used once',
    fromTheStart: true,
    settings: (chance) => ({
      load: chance.between(0.15, 0.3),
      maxUses: 1,
      distanceMs: chance.between(50, 120),
      reads: 0,
    }),
    plant: () => undefined,
  },
];
