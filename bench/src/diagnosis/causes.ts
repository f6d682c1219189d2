// What is planted: for each cause several ways in which it comes about.

import type { Cause } from 'openline/insight';
import type { Chance } from './random.ts';
import type { World, WorldOptions } from './world.ts';

/** One way in which something goes wrong, or not. */
export interface Plant {
  readonly cause: Cause | 'healthy';
  readonly variant: string;
  /** What the pool is like, where that matters; by default a load of 0.25 to 0.6. */
  readonly options?: (chance: Chance) => WorldOptions;
  /** Whether it is there from the first moment, with nothing usual before it. */
  readonly fromTheStart?: boolean;
  /** How long it lasts before somebody asks, in seconds; by default 18 to 30. */
  readonly seconds?: (chance: Chance) => number;
  plant(world: World): void;
}

/** The load that a cause must add to, so that somebody suffers. */
const some = (chance: Chance): WorldOptions => ({ load: chance.between(0.35, 0.65) });

/** How many times more load makes a pool of this load overfull. */
const overfull = (world: World, low: number, high: number): number =>
  (world.pool.stats().max * world.chance.between(low, high) * 1_000) / (world.habits.rate * world.heldMs);

const tooSmall: readonly Plant[] = [
  {
    cause: 'too-small',
    variant: 'more callers',
    options: some,
    plant: (world) => {
      world.habits.rate *= overfull(world, 1.15, 2);
    },
  },
  {
    cause: 'too-small',
    variant: 'a smaller pool',
    options: (chance) => ({ load: chance.between(0.4, 0.7), max: chance.whole(8, 20) }),
    plant: (world) => {
      const { chance, habits, heldMs } = world;
      const busy = (habits.rate * heldMs) / 1_000;
      world.pool.resize({ max: Math.max(1, Math.floor(busy / chance.between(1.15, 2))) });
    },
  },
  {
    cause: 'too-small',
    variant: 'callers in loops',
    options: some,
    plant: (world) => world.startLoops(world.pool.stats().max * world.chance.whole(3, 6), world.heldMs / 4),
  },
  {
    cause: 'too-small',
    variant: 'from the start',
    fromTheStart: true,
    options: some,
    plant: (world) => {
      world.habits.rate *= overfull(world, 1.2, 2);
    },
  },
];

const leaks: readonly Plant[] = [
  {
    cause: 'leak',
    variant: 'a share of the callers',
    options: some,
    seconds: (chance) => chance.between(30, 45),
    plant: (world) => {
      world.habits.leakShare = world.pool.stats().max / (world.habits.rate * world.chance.between(6, 15));
    },
  },
  {
    cause: 'leak',
    variant: 'all at once',
    options: some,
    seconds: (chance) => chance.between(25, 45),
    plant: (world) => {
      world.habits.leakShare = 0.5;
    },
  },
  {
    cause: 'leak',
    variant: 'most of them, under load',
    options: (chance) => ({ load: chance.between(0.5, 0.7), max: chance.whole(5, 20) }),
    seconds: (chance) => chance.between(30, 45),
    plant: (world) => {
      const { max } = world.pool.stats();
      world.mostLeaks = Math.ceil(max * world.chance.between(0.6, 0.9));
      world.habits.leakShare = max / (world.habits.rate * world.chance.between(3, 10));
    },
  },
];

const slowUse: readonly Plant[] = [
  {
    cause: 'slow-use',
    variant: 'the server is slow',
    options: some,
    plant: (world) => {
      world.habits.serverMs *= overfull(world, 1.3, 5);
    },
  },
  {
    cause: 'slow-use',
    variant: 'the callers are slow',
    options: some,
    plant: (world) => {
      const times = overfull(world, 1.3, 5);
      world.habits.ownMs += world.heldMs * (times - 1);
    },
  },
  {
    cause: 'slow-use',
    variant: 'locks',
    options: some,
    plant: (world) => {
      const added = world.heldMs * (overfull(world, 1.3, 4) - 1);
      world.habits.lockShare = world.chance.between(0.2, 0.6);
      world.habits.lockMs = added / world.habits.lockShare;
    },
  },
];

/** Load enough for holders to meet at an empty pool. */
const crowded = (chance: Chance): WorldOptions => ({
  load: chance.between(0.45, 0.65),
  max: chance.whole(3, 12),
});

const nested: readonly Plant[] = [
  {
    cause: 'nested-acquire',
    variant: 'every caller',
    options: crowded,
    plant: (world) => {
      world.habits.nestedShare = 1;
    },
  },
  {
    cause: 'nested-acquire',
    variant: 'half of the callers',
    options: crowded,
    plant: (world) => {
      world.habits.nestedShare = world.chance.between(0.5, 0.8);
      world.habits.rate *= overfull(world, 0.8, 0.95);
    },
  },
  {
    cause: 'nested-acquire',
    variant: 'in bursts',
    options: (chance) => ({ load: chance.between(0.15, 0.4), max: chance.whole(3, 12) }),
    plant: (world) => {
      world.habits.nestedShare = 1;
      world.every(
        () => world.chance.between(1_500, 3_000),
        () => world.burst(world.pool.stats().max * 2),
      );
    },
  },
];

const blocked: readonly Plant[] = [
  {
    cause: 'event-loop-blocked',
    variant: 'again and again',
    options: some,
    plant: (world) => {
      const share = world.chance.between(0.4, 0.75);
      const blockMs = world.chance.between(150, 600);
      world.every(
        () => blockMs / share - blockMs,
        () => world.clock.block(blockMs * world.chance.between(0.8, 1.2)),
      );
    },
  },
  {
    cause: 'event-loop-blocked',
    variant: 'for seconds',
    options: some,
    plant: (world) =>
      world.every(
        () => world.chance.between(1_000, 3_000),
        () => world.clock.block(world.chance.between(1_000, 3_000)),
      ),
  },
  {
    cause: 'event-loop-blocked',
    variant: 'a little by each caller',
    options: some,
    plant: (world) => {
      const blockMs = world.chance.between(80, 160);
      world.every(
        () => world.chance.exponential(blockMs * 0.6),
        () => world.clock.block(blockMs),
      );
    },
  },
];

const unreachable: readonly Plant[] = [
  {
    cause: 'server-unreachable',
    variant: 'refused',
    plant: (world) => {
      world.server.door = 'refused';
      world.server.cutAll();
    },
  },
  {
    cause: 'server-unreachable',
    variant: 'silent',
    plant: (world) => {
      world.server.door = 'silent';
    },
  },
  {
    cause: 'server-unreachable',
    variant: 'no such name',
    plant: (world) => {
      world.server.door = 'unknown name';
      world.server.cutAll();
    },
  },
  {
    cause: 'server-unreachable',
    variant: 'never there',
    fromTheStart: true,
    plant: (world) => {
      world.server.door = world.chance.of(['refused', 'silent'] as const);
    },
  },
];

const full: readonly Plant[] = [
  {
    cause: 'server-full',
    variant: 'too little room from the start',
    fromTheStart: true,
    options: (chance) => ({ load: chance.between(0.6, 0.8), max: chance.whole(6, 20) }),
    plant: (world) => {
      const busy = (world.habits.rate * world.heldMs) / 1_000;
      world.server.room = Math.max(1, Math.floor(busy * world.chance.between(0.4, 0.8)));
    },
  },
  {
    cause: 'server-full',
    variant: 'no room for more',
    options: (chance) => ({ load: chance.between(0.2, 0.4), max: chance.whole(6, 20) }),
    plant: (world) => {
      world.server.room = world.pool.stats().size;
      const { max } = world.pool.stats();
      world.pool.resize({ max: max * 2 });
      world.habits.rate *= overfull(world, 0.6, 0.9);
    },
  },
  {
    cause: 'server-full',
    variant: 'none at all',
    fromTheStart: true,
    plant: (world) => {
      world.server.room = 0;
    },
  },
];

const connectsSlow: readonly Plant[] = [
  {
    cause: 'connects-slow',
    variant: 'each connection used once or twice',
    options: (chance) => ({ load: chance.between(0.2, 0.4), maxUses: chance.whole(1, 3) }),
    plant: (world) => {
      world.server.slowPhase = {
        name: world.chance.of(['dns', 'tcp', 'tls', 'authentication'] as const),
        ms: world.chance.between(500, 1_500),
      };
    },
  },
  {
    cause: 'connects-slow',
    variant: 'thrown away',
    options: some,
    plant: (world) => {
      world.habits.discardShare = world.chance.between(0.4, 0.9);
      world.server.slowPhase = {
        name: world.chance.of(['tls', 'authentication'] as const),
        ms: world.chance.between(500, 1_500),
      };
    },
  },
  {
    cause: 'connects-slow',
    variant: 'at the start',
    fromTheStart: true,
    seconds: () => 1.5,
    plant: (world) => {
      world.server.slowPhase = {
        name: world.chance.of(['dns', 'tls', 'authentication'] as const),
        ms: world.chance.between(1_600, 1_900),
      };
    },
  },
];

const herds: readonly Plant[] = [
  {
    cause: 'thundering-herd',
    variant: 'every few seconds',
    options: (chance) => ({ load: chance.between(0.05, 0.2) }),
    plant: (world) => {
      const { max } = world.pool.stats();
      const callers = max * Math.max(world.chance.whole(12, 20), Math.ceil(200 / world.heldMs));
      const everyMs = Math.max((callers / max) * world.heldMs * world.chance.between(2, 4), 1_000);
      world.every(
        () => everyMs,
        () => world.burst(callers),
      );
    },
  },
  {
    cause: 'thundering-herd',
    variant: 'once',
    options: (chance) => ({ load: chance.between(0.03, 0.1) }),
    plant: (world) => {
      const callers = world.pool.stats().max * world.chance.whole(15, 30);
      world.clock.setTimer(() => world.burst(callers), world.chance.between(12_000, 16_000));
    },
    seconds: () => 18,
  },
  {
    cause: 'thundering-herd',
    variant: 'a batch at every full second',
    options: (chance) => ({ load: chance.between(0.02, 0.06) }),
    plant: (world) => {
      const { max } = world.pool.stats();
      // Enough of them for a wait that somebody notices.
      const callers = max * Math.max(Math.floor(450 / world.heldMs), 8);
      world.every(
        () => Math.max(1_000, (callers / max) * world.heldMs * 2),
        () => world.burst(callers),
      );
    },
  },
];

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
