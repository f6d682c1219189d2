// Planted: a pool that is too small, a herd, and an event loop that stands still.

import type { Chance } from '../random.ts';
import { compute, waitSynchronously } from './block.ts';
import { every } from './every.ts';
import { overfull, type Plant, some } from './plant.ts';
import type { Settings } from './settings.ts';

export const tooSmall: readonly Plant[] = [
  {
    cause: 'too-small',
    variant: 'more callers',
    settings: some,
    plant: (service) => {
      service.habits.rate *= overfull(service, 1.2, 2);
    },
  },
  {
    cause: 'too-small',
    variant: 'a smaller pool',
    settings: (chance) => ({ load: chance.between(0.45, 0.7), max: chance.whole(5, 12) }),
    plant: ({ pool, chance, habits, heldMs }) => {
      const busy = (habits.rate * heldMs) / 1_000;
      pool.resize({ max: Math.max(1, Math.floor(busy / chance.between(1.15, 1.8))) });
    },
  },
  {
    cause: 'too-small',
    variant: 'callers in loops',
    settings: some,
    plant: (service) =>
      service.startLoops(service.pool.stats().max * service.chance.whole(4, 7), service.heldMs / 4),
  },
  {
    cause: 'too-small',
    variant: 'from the start',
    fromTheStart: true,
    settings: some,
    plant: (service) => {
      service.habits.rate *= overfull(service, 1.25, 2);
    },
  },
];

/** A herd is seen against a pool that is idle most of the time. */
const idle = (low: number, high: number) => (chance: Chance) => ({
  load: chance.between(low, high),
  heldMs: chance.between(15, 35),
  reads: chance.between(0, 20),
});

/** Callers at once for whom the last waits so long. */
const herdOf = (max: number, heldMs: number, waitMs: number): number => Math.ceil((waitMs / heldMs) * max);

export const herds: readonly Plant[] = [
  {
    cause: 'thundering-herd',
    variant: 'every second or two',
    settings: idle(0.05, 0.15),
    plant: (service) => {
      const waitMs = service.chance.between(500, 700);
      const everyMs = waitMs * service.chance.between(2.2, 3);
      every(everyMs, () => service.burst(herdOf(service.pool.stats().max, service.heldMs, waitMs)));
    },
  },
  {
    cause: 'thundering-herd',
    variant: 'once',
    settings: idle(0.03, 0.1),
    plant: (service) => {
      const callers = herdOf(service.pool.stats().max, service.heldMs, service.chance.between(900, 1_500));
      setTimeout(() => service.burst(callers), service.chance.between(300, 1_500));
    },
  },
  {
    cause: 'thundering-herd',
    variant: 'a batch at every full second',
    settings: idle(0.02, 0.06),
    plant: (service) => {
      const waitMs = service.chance.between(350, 500);
      every(1_000, () => service.burst(herdOf(service.pool.stats().max, service.heldMs, waitMs)));
    },
  },
];

export const blocked: readonly Plant[] = [
  {
    cause: 'event-loop-blocked',
    variant: 'by a computation, again and again',
    settings: some,
    needs: 'a core',
    plant: ({ chance }) => {
      const share = chance.between(0.4, 0.7);
      const blockMs = chance.between(120, 400);
      every(blockMs / share - blockMs, () => compute(blockMs));
    },
  },
  {
    cause: 'event-loop-blocked',
    variant: 'by synchronous I/O for a second or two',
    settings: some,
    plant: ({ chance, traffic }) => {
      const pauseMs = chance.between(400, 1_000);
      every(pauseMs, () => waitSynchronously(traffic.between(900, 1_800)));
    },
  },
  {
    cause: 'event-loop-blocked',
    variant: 'a little by each caller',
    settings: some,
    plant: ({ chance, traffic }) => {
      const blockMs = chance.between(70, 140);
      every(
        () => traffic.exponential(blockMs * 0.6),
        () => waitSynchronously(blockMs),
      );
    },
  },
];

/** Where half of the pool is to be gone, and what is left still serves most. */
export const halfIdle = (chance: Chance): Partial<Settings> => ({
  load: chance.between(0.35, 0.5),
  max: chance.whole(4, 10),
});
