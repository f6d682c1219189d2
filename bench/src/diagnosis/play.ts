// Plays one run: what is usual for a while, then what is planted, then the question.

import type { Diagnosis } from 'openline/insight';
import { causes, type Plant } from './causes.ts';
import { healthyPlants } from './healthy.ts';
import { mixtures } from './mixtures.ts';
import { Chance } from './random.ts';
import type { Run } from './run.ts';
import { World } from './world.ts';

/** What a seed is played with: the causes in turn, each variant as often as the others. */
export function plantsOf(seed: number): {
  readonly planted: Plant;
  readonly healthy: Plant;
  readonly mixed: readonly Plant[];
} {
  const kinds = [...new Set(causes.map(({ cause }) => cause))];
  const variants = causes.filter(({ cause }) => cause === kinds[seed % kinds.length]);
  return {
    planted: variants[Math.floor(seed / kinds.length) % variants.length]!,
    healthy: healthyPlants[seed % healthyPlants.length]!,
    mixed: mixtures[seed % mixtures.length]!,
  };
}

/** A run that cannot fail: nothing in it is real. */
export type Played = Run & { readonly diagnosis: Diagnosis };

export async function play(seed: number, plants: readonly Plant[]): Promise<Played> {
  const [first] = plants;
  const usual = (chance: Chance) => ({ load: chance.between(0.25, 0.6) });
  const world = new World(seed, plants.find(({ options }) => options !== undefined)?.options ?? usual);
  const chance = new Chance(seed + 0.5);
  const fromTheStart = plants.some((plant) => plant.fromTheStart === true);
  if (fromTheStart) for (const plant of plants) plant.plant(world);
  else {
    world.start();
    await world.clock.advance(chance.between(5_000, 12_000));
  }
  world.startWatch();
  if (fromTheStart) world.start();
  else {
    await world.clock.advance(chance.between(3_000, 10_000));
    for (const plant of plants) plant.plant(world);
  }
  const seconds = Math.max(...plants.map((plant) => plant.seconds?.(chance) ?? chance.between(18, 30)));
  await world.clock.advance(seconds * 1_000);
  return {
    seed,
    planted: plants.map(({ cause }) => cause),
    variant: plants.length > 1 ? plants.map(({ variant }) => variant).join(' + ') : first!.variant,
    diagnosis: await world.end(),
  };
}
