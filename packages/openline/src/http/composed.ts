// A pool behind interceptors of undici.

import type { Dispatcher } from 'undici';

/** undici's own methods that send a request by `this.dispatch`, which must be the composed one, and the one that composes it further. */
const dispatching = new Set<PropertyKey>(['request', 'stream', 'pipeline', 'connect', 'upgrade', 'compose']);

/**
 * The pool in all but its `dispatch`. undici's own proxy calls the methods on itself, which has none of the pool's private fields; here those
 * that send nothing are called on the pool.
 */
export function behind<P extends Dispatcher>(pool: P, dispatch: P['dispatch']): P {
  return new Proxy(pool, {
    get(target, key) {
      if (key === 'dispatch') return dispatch;
      const value: unknown = Reflect.get(target, key);
      const isThePools = typeof value === 'function' && key !== 'constructor' && !dispatching.has(key);
      return isThePools ? value.bind(target) : value;
    },
  });
}
