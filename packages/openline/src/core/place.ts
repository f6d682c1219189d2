// Where in the user's code something happened, known at a bounded price.

/** Captures a second, for the whole process: 1.5 µs each, so about 0.2 % of a core at the most. */
const capturesPerSecond = 1000;
const framesKept = 8;

const ownFolder = new URL('..', import.meta.url).href;

/** A place in the code: a stack captured now and put into words when somebody asks. */
export class Place {
  #captured: { stack?: string } | undefined = {};
  #text = '';

  /** @param below - the function whose callers are wanted; itself and what it called are left out. */
  // biome-ignore lint/complexity/noBannedTypes: any function at all may stand in a stack.
  constructor(below: Function) {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = framesKept;
    Error.captureStackTrace(this.#captured!, below);
    Error.stackTraceLimit = limit;
  }

  /** The first frame in the user's own code, as `function (file:line:column)`. */
  toString(): string {
    if (this.#captured !== undefined) {
      this.#text = placeInStack(this.#captured.stack);
      // An unformatted stack keeps the receivers of its frames alive.
      this.#captured = undefined;
    }
    return this.#text;
  }
}

/** The first frame that is neither Node's, nor a dependency's, nor Openline's own; failing that the first that is not Openline's. */
function placeInStack(stack: string | undefined): string {
  const frames = (stack ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('at ') && !line.includes(ownFolder))
    .map((line) => line.slice(3));
  const own = frames.find((frame) => !frame.includes('node:') && !frame.includes('/node_modules/'));
  return own ?? frames[0] ?? 'unknown place';
}

/** Allows so many captures a second, all pools together. */
export class PlaceBudget {
  #left = capturesPerSecond;
  #refilledAt = 0;

  /** Captures the caller's place, or nothing when this second's captures are spent. `now`: monotonic milliseconds. */
  // biome-ignore lint/complexity/noBannedTypes: any function at all may stand in a stack.
  capture(now: number, below: Function): Place | undefined {
    if (this.#left === 0) {
      const sinceRefill = now - this.#refilledAt;
      // A clock that went back is another clock (a test's own): start anew.
      if (sinceRefill >= 0 && sinceRefill < 1000) return undefined;
      this.#left = capturesPerSecond;
      this.#refilledAt = now;
    }
    this.#left--;
    return new Place(below);
  }
}

/** The budget of this process. */
export const placeBudget: PlaceBudget = new PlaceBudget();
