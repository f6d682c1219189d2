// Percentiles of latencies, exact: every latency is kept and sorted.

/** The latency that `percent` (above 0, up to 100) of the sorted ones did not exceed; 0 where there are none. */
export function percentile(sorted: ArrayLike<number>, percent: number): number {
  const rank = Math.ceil((sorted.length * percent) / 100);
  return sorted[Math.max(0, rank - 1)] ?? 0;
}
