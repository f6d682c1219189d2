// V8 forgets a shape of which no object is left at a full collection, and throws away all code compiled for it. A pool keeps those that its hot ways make.
import { setFlagsFromString } from 'node:v8';
import { expect, test } from 'vitest';
import { Place } from '../../src/core/place.ts';
import { TakerWaiter, Waiter } from '../../src/core/waiter.ts';
import { collectedUntil } from './collection.ts';
import { type Kit, openIdle, setUp } from './kit.ts';

setFlagsFromString('--allow-natives-syntax');
const natives = (body: string) => new Function('fn', 'argument', body);
const compileWithV8 = natives(
  '%PrepareFunctionForOptimization(fn); fn(argument); fn(argument); %OptimizeFunctionOnNextCall(fn); fn(argument);',
);
/** Bit 4 of V8's OptimizationStatus (src/runtime/runtime.h): there is compiled code, and it has not been given up. */
const isCompiled = (fn: unknown): boolean => (natives('return %GetOptimizationStatus(fn)')(fn) & 16) !== 0;

/** A function compiled for objects such as this one. It does not refer to it. */
function compiledFor(object: object): unknown {
  const reader = new Function('object', 'return object.began');
  compileWithV8(reader, object);
  return reader;
}

const now = { ms: 0.5 };
const terms = {} as ConstructorParameters<typeof Waiter>[3];

const makers: Record<string, (kit: Kit) => object> = {
  'a lease': ({ pool }) => {
    const lease = pool.tryAcquire()!;
    lease.release();
    return lease;
  },
  'a place': () => new Place(setUp, 12),
  'a caller who waits': () => new Waiter(() => {}, now, 1, terms),
  'a caller who waits, and is told at once': () =>
    new TakerWaiter({ granted() {}, refused() {} }, 'exclusive', () => {}, now, 1, terms),
};

test.each(Object.entries(makers))('code for %s outlives a collection', async (_, make) => {
  const kit = setUp();
  await openIdle(kit, 1);
  const code = compiledFor(make(kit));
  const others = compiledFor(
    new (class Other {
      began = now;
    })(),
  );
  expect([isCompiled(code), isCompiled(others)]).toEqual([true, true]);
  expect(await collectedUntil(() => !isCompiled(others))).toBe(true);
  expect(isCompiled(code)).toBe(true);
});
