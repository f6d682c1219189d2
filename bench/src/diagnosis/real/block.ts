// Keeps the event loop from turning, in the two ways in which programs do.

const cell = new Int32Array(new SharedArrayBuffer(4));

/** As a computation does: at the cost of a core. */
export function compute(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

/** As synchronous I/O does: nothing runs, and no core is busy with it. */
export function waitSynchronously(ms: number): void {
  Atomics.wait(cell, 0, 0, ms);
}
