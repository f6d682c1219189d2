// Medians, their spread, and ratios to a reference measured in the same rounds.

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly lowerQuartile: number;
  readonly upperQuartile: number;
  readonly max: number;
}

/** The value below which a share of a sorted list lies, interpolated between neighbours. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) throw new Error('no quantile of an empty list');
  const position = (sorted.length - 1) * share;
  const low = Math.floor(position);
  const lower = sorted[low] as number;
  const upper = sorted[Math.min(low + 1, sorted.length - 1)] as number;
  return lower + (upper - lower) * (position - low);
}

export function spread(values: readonly number[]): Spread {
  const sorted = Float64Array.from(values).sort();
  return {
    median: quantile(sorted, 0.5),
    min: quantile(sorted, 0),
    lowerQuartile: quantile(sorted, 0.25),
    upperQuartile: quantile(sorted, 0.75),
    max: quantile(sorted, 1),
  };
}

export function median(values: readonly number[]): number {
  return spread(values).median;
}

/** The median of the ratios round by round, which a slow minute of the machine cannot bend: it slows both sides. */
export function pairedRatio(values: readonly number[], reference: readonly number[]): number {
  return median(values.map((value, round) => value / (reference[round] as number)));
}
