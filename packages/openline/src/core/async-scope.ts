// Keeps the pool's own work (opens, timers, maintenance) out of every caller's async context.

import { AsyncResource } from 'node:async_hooks';

const poolScope = new AsyncResource('OPENLINE', { requireManualDestroy: true });

/** Runs `work` in the context that was current when this module loaded, so that no caller's AsyncLocalStorage is kept. */
export function outsideCallers<T>(work: () => T): T {
  return poolScope.runInAsyncScope(work);
}
