// Durations counted in logarithmic buckets: one increment a record, no allocation, percentiles when somebody asks.

const bitsBelow = 4;
const perOctave = 1 << bitsBelow;
/** Microseconds fit 31 bits: longer durations (35 minutes) count in the last bucket. */
const longestUs = 2 ** 31 - 1;
const bucketCount = (31 - bitsBelow + 1) * perOctave;

function bucketOf(us: number): number {
  if (us < perOctave) return us;
  const shift = 31 - Math.clz32(us) - bitsBelow;
  return (shift + 1) * perOctave + ((us >>> shift) & (perOctave - 1));
}

/** The shortest duration of a bucket, in microseconds. */
function lowestOf(bucket: number): number {
  if (bucket < perOctave) return bucket;
  return ((bucket & (perOctave - 1)) | perOctave) * 2 ** ((bucket >>> bitsBelow) - 1);
}

/** The first bucket whose durations are all at least so long. */
function firstFrom(us: number): number {
  const bucket = us < longestUs ? bucketOf(us) : bucketCount - 1;
  return lowestOf(bucket) < us ? bucket + 1 : bucket;
}

/** The middle of a bucket, in milliseconds. */
function middleOf(bucket: number): number {
  if (bucket < perOctave) return bucket / 1000;
  return (lowestOf(bucket) + 2 ** ((bucket >>> bitsBelow) - 1) / 2) / 1000;
}

/** What a histogram had counted at one moment. Durations in milliseconds. */
export interface HistogramSnapshot {
  /** How many durations were recorded. */
  readonly count: number;
  /** Their sum. */
  readonly sumMs: number;
  /** The longest one; 0 when none was recorded. */
  readonly maxMs: number;
  /** Their mean; 0 when none was recorded. */
  readonly meanMs: number;
  /** The duration that `percent` (0 to 100) of the records did not exceed, within 3 %; 0 when none was recorded. */
  percentile(percent: number): number;
  /**
   * How many durations lie below the first of these bounds, between each two of them (from the lower one, which is included), and from the last one on.
   * Exact where each bound is a power of two in microseconds, from 1 to 2^30; durations within 6 % above another bound may be counted below it.
   *
   * @param boundsMs - in milliseconds, ascending
   */
  counts(boundsMs: readonly number[]): number[];
  /**
   * What was recorded after an earlier snapshot of the same histogram. Its longest duration is known as the percentiles are, within 3 %.
   */
  since(earlier: HistogramSnapshot): HistogramSnapshot;
}

/** Counts durations in buckets that are at most 6 % wide. */
export class Histogram {
  /** Durations of 0 are in no bucket: they are what `#count` has beyond the buckets. */
  readonly #buckets = new Uint32Array(bucketCount);
  #count = 0;
  #sumMs = 0;
  #maxMs = 0;

  /** How many durations were recorded. */
  get count(): number {
    return this.#count;
  }

  /** Their sum, in milliseconds. */
  get sumMs(): number {
    return this.#sumMs;
  }

  /** Counts one duration, in milliseconds. */
  record(ms: number): void {
    this.#count++;
    if (ms > 0) this.#recordPositive(ms);
  }

  #recordPositive(ms: number): void {
    this.#sumMs += ms;
    if (ms > this.#maxMs) this.#maxMs = ms;
    const us = ms * 1000;
    this.#buckets[bucketOf(us < longestUs ? us | 0 : longestUs)]!++;
  }

  /** A copy that later records do not change. */
  snapshot(): HistogramSnapshot {
    return new Snapshot(this.#buckets.slice(), this.#count, this.#sumMs, this.#maxMs);
  }
}

class Snapshot implements HistogramSnapshot {
  readonly #buckets: Uint32Array;
  readonly count: number;
  readonly sumMs: number;
  readonly maxMs: number;
  readonly meanMs: number;

  constructor(buckets: Uint32Array, count: number, sumMs: number, maxMs: number) {
    this.#buckets = buckets;
    this.count = count;
    this.sumMs = sumMs;
    this.maxMs = maxMs;
    this.meanMs = count === 0 ? 0 : sumMs / count;
  }

  percentile(percent: number): number {
    if (!(percent >= 0 && percent <= 100)) throw new RangeError(`percentile(${percent}): give 0 to 100`);
    const zeros = this.count - this.#buckets.reduce((sum, records) => sum + records, 0);
    let left = Math.max(1, Math.ceil((this.count * percent) / 100)) - zeros;
    if (left <= 0) return 0;
    for (let bucket = 0; bucket < this.#buckets.length; bucket++) {
      left -= this.#buckets[bucket]!;
      if (left <= 0) return Math.min(middleOf(bucket), this.maxMs);
    }
    return this.maxMs;
  }

  counts(boundsMs: readonly number[]): number[] {
    const counts = new Array<number>(boundsMs.length + 1).fill(0);
    let bucket = 0;
    let positive = 0;
    for (let range = 0; range < counts.length; range++) {
      const end = range < boundsMs.length ? firstFrom(Math.round(boundsMs[range]! * 1000)) : bucketCount;
      let inRange = 0;
      for (; bucket < end; bucket++) inRange += this.#buckets[bucket]!;
      counts[range] = inRange;
      positive += inRange;
    }
    counts[0]! += this.count - positive;
    return counts;
  }

  since(earlier: HistogramSnapshot): HistogramSnapshot {
    if (!(earlier instanceof Snapshot)) throw new TypeError('since(): give a snapshot of the same histogram');
    const before = earlier.#buckets;
    const buckets = this.#buckets.map((records, bucket) => records - before[bucket]!);
    const last = buckets.findLastIndex((records) => records > 0);
    const maxMs = last === -1 ? 0 : Math.min(middleOf(last), this.maxMs);
    return new Snapshot(buckets, this.count - earlier.count, this.sumMs - earlier.sumMs, maxMs);
  }
}
