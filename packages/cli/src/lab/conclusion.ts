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
  const told = ([party, to]: readonly ['database' | 'prices', string]): string[] => {
    const phases = Object.entries(connectMs[party]);
    if (phases.length === 0) return [];
    const parts = phases.map(([name, ms]) => `${phaseWord(party, name)} ${milliseconds(ms)}`);
    const one = opened[party] === 1;
    return [
      `${count(opened[party])} connection${one ? '' : 's'} to the ${to} (${one ? '' : 'each on average: '}${parts.join(', ')})`,
    ];
  };
  const found = [...told(['database', 'database']), ...told(['prices', 'price service'])];
  return found.length === 0
    ? []
    : [`The pools opened ${found.join(' and ')}, warm-up included, and kept them.`];
}

/** The database's phases are told of as a request's are, under their own names. */
const phaseWord = (party: string, name: string): string =>
  phaseNames.find(({ key }) => key === `${party}.${name}`)?.label ?? name;

function failures({ perRequest, pooled }: Comparison): string[] {
  const failed = perRequest.failed + pooled.failed;
  if (failed === 0) return [];
  return [
    `${count(failed)} request${failed === 1 ? '' : 's'} failed and count in no other figure; the first said: ${perRequest.firstFailure ?? pooled.firstFailure}`,
  ];
}
