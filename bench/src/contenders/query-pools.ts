// The ways to reach PostgreSQL by name, each loaded only in the process of its own contender.

import type { Contender } from '../harness/bench.ts';
import type { CreateQueryPool } from './query.ts';

interface QueryContender extends Contender {
  load(): Promise<CreateQueryPool>;
}

export const queryPools: readonly QueryContender[] = [
  {
    name: 'pg.Pool',
    dependency: 'pg',
    load: async () => {
      const [{ default: pg }, { onPool }] = await Promise.all([import('pg'), import('./pg-query.ts')]);
      return onPool(pg.Pool);
    },
  },
  {
    name: 'openline/pg',
    dependency: 'openline',
    load: async () => {
      const [{ Pool }, { onPool }] = await Promise.all([import('openline/pg'), import('./pg-query.ts')]);
      return onPool(Pool);
    },
  },
  {
    name: 'postgres.js',
    dependency: 'postgres',
    load: async () => (await import('./postgres-js.ts')).create,
  },
];

export async function loadQueryPool(name: string): Promise<CreateQueryPool> {
  const pool = queryPools.find((contender) => contender.name === name);
  if (pool === undefined) throw new Error(`no query pool is called ${name}`);
  return await pool.load();
}
