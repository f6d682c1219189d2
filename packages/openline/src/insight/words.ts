// Figures as people read them.

/** A duration: `340 µs`, `18 ms`, `4.2 s`, `3 min`. */
export function duration(ms: number): string {
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 10) return `${rounded(ms, 1)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${rounded(ms / 1_000, 1)} s`;
  return `${Math.round(ms / 60_000)} min`;
}

/** Durations from one to another: `3 s to 4 s`, or `3 s` where that says it. */
export function between(shortestMs: number, longestMs: number): string {
  const [from, to] = [duration(shortestMs), duration(longestMs)];
  return from === to ? to : `${from} to ${to}`;
}

/** A share as a percentage. */
export const percent = (share: number): string => `${Math.round(share * 100)} %`;

/** `1 connection`, `2 connections`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** ` of 10`; nothing where a pool has no limit of its own. */
export const ofMax = ({ max }: { readonly max: number }): string =>
  max < Number.MAX_SAFE_INTEGER ? ` of ${max}` : '';

/** How many connections leases are on: several may share one. */
export const connectionsOf = (leases: readonly { readonly connectionId: number }[]): number =>
  new Set(leases.map(({ connectionId }) => connectionId)).size;

/** A rate: `1.5`, `240`. */
export const rate = (perSecond: number): string => `${rounded(perSecond, perSecond < 10 ? 1 : 0)}/s`;

function rounded(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}

/** The places of holders, those named most often first, with how many each has. */
export function places(holders: readonly { readonly place: string | undefined }[], most = 3): string {
  const counts = new Map<string, number>();
  for (const { place = 'a place not captured' } of holders) counts.set(place, (counts.get(place) ?? 0) + 1);
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  const named = sorted
    .slice(0, most)
    .map(([place, count]) => (count > 1 ? `${place} (${count} times)` : place));
  const left = sorted.length - named.length;
  return left > 0 ? `${named.join(', ')} and ${counted(left, 'other place')}` : named.join(', ');
}
