// Where in the user's code something happened, known at a bounded price.

import { fileURLToPath } from 'node:url';
import { type Clock, type Moment, readMonotonic } from './clock.ts';

/** Captures a second at the most, for the whole process. */
export const capturesPerSecond = 1000;
/** Milliseconds a second that they may take: 0.2 % of a core. A capture takes 1.5 µs on one machine and 15 on another, so it is measured. */
const captureMsPerSecond = 2;
/** So many are captured whatever they cost: a service with a few leases a second captures in cold code, and wants to know every place. */
const surelyCaptured = 200;
/** Whatever makes one capture longer (another process, the garbage collector) is not its price, and would leave a second without places. */
const mostMsOfCapture = 0.1;
/** For so long half of the captures are for the pools that have shown a leak or a timeout: whoever looks into one wants every place, and soon. */
export const favourMs = 10_000;
/** Openline has up to eight frames of its own between a caller and the capture. */
const framesKept = 12;
/** The global fetch has up to fourteen more. */
export const framesThroughFetch = 28;

// Stacks name files by URL or, where a tool has loaded the module in its own way, by path.
const ownFolder = new URL('..', import.meta.url).href;
const ownPath = ownFolder.startsWith('file:') ? fileURLToPath(ownFolder) : ownFolder;

/** A place in the code: a stack captured now and put into words when somebody asks. */
export class Place {
  #captured: { stack?: string } | undefined = {};
  #text = '';

  /**
   * @param below - the function whose callers are wanted; itself and what it called are left out
   * @param frames - kept, from there
   */
  // biome-ignore lint/complexity/noBannedTypes: any function at all may stand in a stack.
  constructor(below: Function, frames: number) {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = frames;
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

/** Frames of Node, of a dependency, and of the engine's built-in functions, which have no file. */
const isNobodys = /node:|\/node_modules\/|\((<anonymous>|index \d+)\)$/;

/** The first frame that is neither Node's, nor a dependency's, nor Openline's own; failing that the first that is not Openline's. */
function placeInStack(stack: string | undefined): string {
  const frames = (stack ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('at ') && !line.includes(ownFolder) && !line.includes(ownPath))
    .map((line) => line.slice(3));
  const own = frames.find((frame) => !isNobodys.test(frame));
  return own ?? frames[0] ?? 'unknown place';
}

/** A pool, as far as captures are concerned. */
interface Asker {
  readonly clock: Clock;
}

/** Allows captures up to a number and a time per second, all pools together; for a while after a leak, half of them are for the pool that has it alone. */
export class PlaceBudget {
  #left = capturesPerSecond;
  #leftMs = captureMsPerSecond;
  #refilledAt = 0;
  /** The moment that was last found too early to refill, while nothing is left: most leases of a busy pool begin at it, and ask no further. */
  #tooEarly: Moment | undefined;
  /** The pools for which captures are kept, if for any. */
  #favoured: WeakSet<Asker> | undefined;
  /** Where that began to count: a test's pool, with a clock of its own, takes nothing from those of other tests. */
  #favouredClock: Clock | undefined;
  #favouredAt = 0;
  readonly #read: () => number;

  /** @param read - the clock that captures are measured by */
  constructor(read: () => number = readMonotonic) {
    this.#read = read;
  }

  /**
   * Captures the caller's place, or nothing when this second's captures are spent, or kept for other pools.
   *
   * @param pool - whose caller it is; nothing for a place that belongs to one that was captured
   */
  capture(
    now: Moment,
    // biome-ignore lint/complexity/noBannedTypes: any function at all may stand in a stack.
    below: Function,
    pool: Asker | undefined,
    frames?: number,
  ): Place | undefined {
    // Apart, since this much is compiled into every acquire.
    return now === this.#tooEarly ? undefined : this.#captureIfLeft(now, below, pool, frames);
  }

  #captureIfLeft(
    now: Moment,
    // biome-ignore lint/complexity/noBannedTypes: any function at all may stand in a stack.
    below: Function,
    pool: Asker | undefined,
    frames: number = framesKept,
  ): Place | undefined {
    // The end of a lease comes with the moment of its beginning, which says nothing of the time that it is.
    if (this.#left === 0 && (pool === undefined || !this.#refill(now))) return undefined;
    if (this.#favoured !== undefined && this.#keepsFrom(pool, now)) return undefined;
    const startedAt = this.#read();
    const place = new Place(below, frames);
    this.#leftMs -= Math.min(this.#read() - startedAt, mostMsOfCapture);
    this.#left--;
    if (this.#leftMs <= 0 && this.#left <= capturesPerSecond - surelyCaptured) this.#left = 0;
    return place;
  }

  /** Keeps captures for this pool for a while. */
  favour(pool: Asker, now: number): void {
    if (this.#favouredClock !== pool.clock) this.#favoured = undefined;
    this.#favouredClock = pool.clock;
    this.#favoured ??= new WeakSet();
    this.#favoured.add(pool);
    this.#favouredAt = now;
  }

  #keepsFrom(pool: Asker | undefined, now: Moment): boolean {
    if (this.#left > capturesPerSecond - surelyCaptured / 2) return false;
    if (this.#left > capturesPerSecond / 2 && this.#leftMs > captureMsPerSecond / 2) return false;
    if (pool === undefined) return true;
    if (pool.clock !== this.#favouredClock) return false;
    const since = now.ms - this.#favouredAt;
    if (since < 0 || since >= favourMs) {
      this.#favoured = undefined;
      return false;
    }
    return !this.#favoured!.has(pool);
  }

  #refill(now: Moment): boolean {
    const sinceRefill = now.ms - this.#refilledAt;
    // A clock that went back is another clock (a test's own): start anew.
    if (sinceRefill >= 0 && sinceRefill < 1000) {
      this.#tooEarly = now;
      return false;
    }
    this.#tooEarly = undefined;
    this.#left = capturesPerSecond;
    this.#leftMs = captureMsPerSecond;
    this.#refilledAt = now.ms;
    return true;
  }
}

/** The budget of this process. */
export const placeBudget: PlaceBudget = new PlaceBudget();
