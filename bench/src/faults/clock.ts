// One clock for the processes of a machine: monotonic, and the same zero for all of them.

/** From one moment to another, on the clock of `nowMs()`. */
export interface Span {
  readonly from: number;
  readonly until: number;
}

/** Milliseconds since a moment that all processes of this machine share. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
