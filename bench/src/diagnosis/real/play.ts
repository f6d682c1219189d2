// Plays one run on real servers, in a process of its own: what is usual for a while, then what is planted, then the question.

import { setTimeout as pause } from 'node:timers/promises';
import { Chance } from '../random.ts';
import type { Run } from '../run.ts';
import { firstCauseOf } from '../said.ts';
import { causes } from './causes.ts';
import { waitedForCoreMs } from './core-wait.ts';
import { healthyPlants } from './healthy.ts';
import { mixtures } from './mixtures.ts';
import type { Places } from './places.ts';
import type { Plant } from './plant.ts';
import { Service } from './service.ts';
import { usualSettings } from './settings.ts';

export type Kind = 'planted' | 'healthy' | 'mixed';

/** What a seed is played with: the causes in turn, each variant as often as the others; and a pair for every second seed. */
export function plantsOf(seed: number, kind: Kind): readonly Plant[] {
  if (kind === 'healthy') return [healthyPlants[seed % healthyPlants.length]!];
  if (kind === 'mixed') return seed % 2 === 0 ? mixtures[(seed / 2) % mixtures.length]! : [];
  const kinds = [...new Set(causes.map(({ cause }) => cause))];
  const variants = causes.filter(({ cause }) => cause === kinds[seed % kinds.length]);
  return [variants[Math.floor(seed / kinds.length) % variants.length]!];
}

export async function play(seed: number, kind: Kind, places: Places): Promise<Run> {
  const plants = plantsOf(seed, kind);
  const chance = new Chance(seed + ['planted', 'healthy', 'mixed'].indexOf(kind) / 4);
  const settings = Object.assign(
    usualSettings(chance),
    ...plants.map((plant) => plant.settings?.(chance) ?? {}),
  );
  const service = await Service.open(seed, chance, settings, places);
  const seconds = Math.max(...plants.map((plant) => plant.seconds?.(chance) ?? chance.between(3.4, 4.6)));
  const usualMs = chance.between(1_400, 2_000);
  const alreadyMs = chance.between(300, 800);
  const isThereFirst = plants.some(({ fromTheStart }) => fromTheStart === true);
  if (isThereFirst) for (const plant of plants) await plant.plant(service);
  else {
    service.start();
    await pause(usualMs);
  }
  const watch = service.startWatch();
  const watchedFrom = performance.now();
  const waitedBefore = waitedForCoreMs();
  if (isThereFirst) service.start();
  else {
    await pause(alreadyMs);
    for (const plant of plants) await plant.plant(service);
  }
  await pause(seconds * 1_000);
  const diagnosis = watch.diagnose();
  const disturbedShare = (waitedForCoreMs() - waitedBefore) / (performance.now() - watchedFrom);
  const { firstError } = service;
  return {
    seed,
    planted: plants.map(({ cause }) => cause),
    variant: plants.map(({ variant }) => variant).join(' + '),
    diagnosis,
    disturbedShare,
    ...(firstError === undefined ? {} : { firstError: firstCauseOf(firstError.diagnosis) }),
  };
}
