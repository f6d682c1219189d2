// The ways to ask an HttpPool, when they heard of a failure, and what they left behind.

import type { Socket } from 'node:net';
import type { HttpPool } from 'openline/http';
import { type Dispatcher, request } from 'undici';
import { expect } from 'vitest';

/** Requests a URL and reads the whole answer as text. */
export type Ask = (dispatcher: Dispatcher, url: string, signal?: AbortSignal) => Promise<string>;

/** The three ways in, for `it.each`: each must hear the same. */
export const waysIn: readonly (readonly [name: string, ask: Ask])[] = [
  [
    'pool.request',
    async (dispatcher, url, signal) => {
      const { origin, pathname: path } = new URL(url);
      const { body } = await dispatcher.request({ origin, path, method: 'GET', signal });
      return await body.text();
    },
  ],
  ['undici.request', askByRequest],
  ['fetch', askByFetch],
];

/** Through undici's `request`. */
export async function askByRequest(
  dispatcher: Dispatcher,
  url: string,
  signal?: AbortSignal,
): Promise<string> {
  const { body } = await request(url, { dispatcher, signal });
  return await body.text();
}

/** Through the global fetch. */
export async function askByFetch(dispatcher: Dispatcher, url: string, signal?: AbortSignal): Promise<string> {
  const response = await fetchBy(dispatcher, url, signal === undefined ? {} : { signal });
  return await response.text();
}

/** The global fetch on a dispatcher, whose type is of another version of undici than Node's own. */
function fetchBy(dispatcher: Dispatcher, url: string, init: RequestInit = {}): Promise<Response> {
  return fetch(url, { ...init, dispatcher } as object as RequestInit);
}

/** A failure, and when it came. */
export interface Failure<E> {
  readonly error: E;
  readonly tookMs: number;
}

/** Waits for a failure. Through fetch it is the cause of a TypeError that says nothing. */
export async function failureOf<E = Error & { code?: string }>(
  work: () => Promise<unknown>,
): Promise<Failure<E>> {
  const from = performance.now();
  try {
    await work();
  } catch (error) {
    const { cause } = error as { cause?: unknown };
    const isFetchs = error instanceof TypeError && cause !== undefined;
    return { error: (isFetchs ? cause : error) as E, tookMs: performance.now() - from };
  }
  throw new Error('nothing failed');
}

/** Beyond this the deadline was missed, however busy the machine. */
const latestMs = 1_000;
/** Timers are rounded to whole milliseconds. */
const earliestMs = -3;

/** Expects a deadline to be met: never early, and not late beyond what a busy machine explains. */
export function expectInTime(tookMs: number, limitMs: number, what: string): void {
  const lateMs = tookMs - limitMs;
  if (process.env['OPENLINE_TEST_FIGURES'])
    console.log(`${what}: ${lateMs.toFixed(1)} ms past ${limitMs} ms`);
  expect(lateMs, what).toBeGreaterThan(earliestMs);
  expect(lateMs, what).toBeLessThan(latestMs);
}

/** Expects that a pool holds nothing, closes it, and expects that the server has no connection left. */
export async function expectNothingLeft(
  pool: HttpPool,
  server?: { readonly sockets: readonly Socket[] },
): Promise<void> {
  await expect
    .poll(() => {
      const { requests, origins } = pool.stats();
      return {
        requests,
        leases: origins.map(({ leases }) => leases),
        waiting: origins.map(({ waiting }) => waiting),
      };
    })
    .toEqual({
      requests: 0,
      leases: pool.stats().origins.map(() => 0),
      waiting: pool.stats().origins.map(() => 0),
    });
  expect(pool.holders()).toEqual([]);
  await pool.close();
  expect(pool.stats().size).toBe(0);
  await expect.poll(() => server?.sockets.filter(({ destroyed }) => !destroyed).length ?? 0).toBe(0);
}
