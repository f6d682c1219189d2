// The pools by name, each loaded only in the process of its own contender.

import type { Contender } from '../harness/bench.ts';
import type { CreatePool } from './pool.ts';

interface PoolContender extends Contender {
  load(): Promise<CreatePool>;
}

export const pools: readonly PoolContender[] = [
  { name: 'fifo', load: async () => (await import('./fifo.ts')).create },
  { name: 'openline', dependency: 'openline', load: async () => (await import('./openline.ts')).create },
  {
    name: '@databases/connection-pool',
    dependency: '@databases/connection-pool',
    load: async () => (await import('./databases.ts')).create,
  },
  {
    name: 'generic-pool',
    dependency: 'generic-pool',
    load: async () => (await import('./generic-pool.ts')).create,
  },
  {
    name: 'lightning-pool',
    dependency: 'lightning-pool',
    load: async () => (await import('./lightning-pool.ts')).create,
  },
  { name: 'tarn', dependency: 'tarn', load: async () => (await import('./tarn.ts')).create },
  { name: 'pg.Pool', dependency: 'pg', load: async () => (await import('./pg-pool.ts')).create },
];

export async function loadPool(name: string): Promise<CreatePool> {
  const pool = pools.find((contender) => contender.name === name);
  if (pool === undefined) throw new Error(`no pool is called ${name}`);
  return await pool.load();
}
