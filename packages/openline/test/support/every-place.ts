// Places that do not depend on how fast the machine is, nor on what other tests of the same second have captured.
import { onTestFinished, vi } from 'vitest';
import { Place, placeBudget } from '../../src/core/place.ts';

/** Captures every place that is asked for, until the end of the test: for those that look at what a message says of it. */
export function captureEveryPlace(): void {
  const spy = vi
    .spyOn(placeBudget, 'capture')
    .mockImplementation((_now, below, _pool, frames = 12) => new Place(below, frames));
  onTestFinished(() => void spy.mockRestore());
}
