// A pool behind interceptors of undici.

import type { Dispatcher } from 'undici';

/**
 * The pool in all but its `dispatch`. undici's own proxy calls the methods on itself, which has none of the pool's private fields; here they are
 * called on the pool, save `compose`, which puts further interceptors before those that are there.
 */
export function behind<P extends Dispatcher>(pool: P, dispatch: P['dispatch']): P {
  return new Proxy(pool, {
    get(target, key) {
      if (key === 'dispatch') return dispatch;
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' && key !== 'compose' && key !== 'constructor'
        ? value.bind(target)
        : value;
    },
  });
}
