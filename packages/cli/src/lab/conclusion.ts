// What the figures say, in plain sentences.
import type { Comparison } from './comparison.ts';
import { count, milliseconds, share, times } from './figures.ts';
import type { Measurement } from './measurement.ts';
import { type PhaseName, phaseNames } from './phases.ts';

/** One sentence each, computed from the figures, whichever way they point. */
export function conclusions(comparison: Comparison): string[] {
  const { perRequest, pooled, ratios, connectionShare } = comparison;
  const throughput = times(ratios.requestsPerSecond, 'more', 'fewer');
  const cpu = times(ratios.cpuMsPerRequest, 'less', 'more');
  return [
    `With a connection per request, ${share(connectionShare)} of a request's time went into making and ending connections; ${longest(perRequest)}.`,
    `Pooled, the service answered ${throughput === 'the same' ? 'as many' : throughput} requests per second with ${throughput === cpu ? 'as much' : cpu === 'the same' ? 'the same' : cpu} processor time for each, and p99 went from ${milliseconds(perRequest.latencyMs.p99)} to ${milliseconds(pooled.latencyMs.p99)}.`,
    ...openings(pooled),
    ...failures(comparison),
  ];
}

function longest({ phases }: Measurement): string {
  const found = phaseNames
    .map((name, index) => ({ name, share: phases[index]?.share ?? 0 }))
    .filter(({ name }) => !name.isWork)
    .sort((a, b) => b.share - a.share)
    .slice(0, 3)
    .map(({ name, share: part }) => `${inWords(name)} (${share(part)})`);
  return `most of it into ${found.slice(0, -1).join(', ')} and ${found.at(-1)}`;
}

const inWords = ({ label, party }: PhaseName): string =>
  `${label} ${label === 'close' ? 'of' : 'with'} the ${party}`;

function openings({ opened, connectMs }: Measurement): string[] {
  const phases = Object.entries(connectMs);
  if (phases.length === 0) return [];
  const sum = phases.reduce((total, [, ms]) => total + ms, 0);
  return [
    `The pool opened ${count(opened.database)} database connection${opened.database === 1 ? '' : 's'} in all, ${milliseconds(sum)} each on average, and kept them.`,
  ];
}

function failures({ perRequest, pooled }: Comparison): string[] {
  const failed = perRequest.failed + pooled.failed;
  if (failed === 0) return [];
  return [
    `${count(failed)} request${failed === 1 ? '' : 's'} failed and count in no other figure; the first said: ${perRequest.firstFailure ?? pooled.firstFailure}`,
  ];
}
