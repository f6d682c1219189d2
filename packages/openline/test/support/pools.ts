// pg's pool and Openline's side by side, so that the same test says of both what it says of one.
import { type PgPoolOptions, Pool } from 'openline/pg';
import pg from 'pg';
import { onTestFinished } from 'vitest';

/** How both are made. */
export type PoolClass = new (options?: PgPoolOptions) => pg.Pool;

/** For `describe.each`: what holds for the first must hold for the second. */
export const bothPools: readonly (readonly [string, PoolClass])[] = [
  ['pg.Pool', pg.Pool as PoolClass],
  ['Pool of openline/pg', Pool],
];

/** Keeps a pool to the end of its test, and ends it then if the test has not. */
export function ended<P extends pg.Pool>(pool: P): P {
  onTestFinished(async () => {
    if (!pool.ending) await pool.end();
  });
  return pool;
}

/** What a pool emitted, in order: the event's name and its arguments. */
export type Emitted = [event: string, ...args: unknown[]];

/** Writes down every event of a pool. */
export function eventsOf(pool: pg.Pool): Emitted[] {
  const emitted: Emitted[] = [];
  for (const event of ['connect', 'acquire', 'release', 'remove', 'error'] as const) {
    pool.on(event as 'connect', (...args: unknown[]) => void emitted.push([event, ...args]));
  }
  return emitted;
}

/** The process's warnings of this kind from now on; Node emits them a tick late. */
export function warningsOf(type: string): Error[] {
  const warnings: Error[] = [];
  const keep = (warning: Error): void => {
    if (warning.name === type) warnings.push(warning);
  };
  process.on('warning', keep);
  onTestFinished(() => void process.off('warning', keep));
  return warnings;
}
