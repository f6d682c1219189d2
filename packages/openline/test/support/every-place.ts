// Places that do not depend on how fast the machine is, nor on what other tests of the same second have captured.
import { onTestFinished } from 'vitest';
import { Place, placeBudget } from '../../src/core/place.ts';

/** Captures every place that is asked for, until the end of the test: for those that look at what a message says of it. */
export function captureEveryPlace(): void {
  const capture: typeof placeBudget.capture = (_now, below, _pool, frames = 12) => new Place(below, frames);
  // No spy: it would keep what it returns, and with a stack whatever the stack keeps.
  Object.assign(placeBudget, { capture });
  onTestFinished(() => void Reflect.deleteProperty(placeBudget, 'capture'));
}
