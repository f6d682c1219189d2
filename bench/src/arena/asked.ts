// Questions that the parent puts to a server on a connection of its own.

import type pg from 'pg';
import type { PostgresAccess } from '../contenders/query.ts';
import { median } from '../harness/statistics.ts';

const TRIPS = 9;

export async function withClient<T>(
  access: PostgresAccess,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const { default: driver } = await import('pg');
  const client = new driver.Client({ ...access });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** The one value that a statement yields. */
export async function asked(access: PostgresAccess, text: string): Promise<unknown> {
  const { rows } = await withClient(access, (client) => client.query<unknown[]>({ text, rowMode: 'array' }));
  return rows[0]?.[0];
}

export function roundTripMs(access: PostgresAccess): Promise<number> {
  return withClient(access, async (client) => {
    const trips: number[] = [];
    for (let trip = 0; trip < TRIPS; trip++) trips.push(await elapsedMs(() => client.query('')));
    return median(trips);
  });
}

export async function elapsedMs(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
