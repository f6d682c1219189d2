// pg's `log` option: the life of the connections, in pg's own words.

import type { CloseReason, PoolObserver } from '../core/index.ts';

const removals: { readonly [reason in CloseReason]?: string } = {
  idle: 'remove idle client',
  lifetime: 'remove expired client',
  'worn-out': 'remove expended client',
};

/** An observer that writes to a log what happens to connections. */
export function logObserver(log: (message: string, detail?: unknown) => void): PoolObserver {
  return {
    opening: () => log('connecting new client'),
    opened: () => log('new client connected'),
    openFailed: ({ error }) => log('client failed to connect', error.cause ?? error),
    dirtyReturn: ({ what, place }) =>
      log(`client came back with ${what}, lent at ${place ?? 'a place not captured'}`),
    closed: ({ reason }) => log(removals[reason] ?? `remove client: ${reason}`),
  };
}
