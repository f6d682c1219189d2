// What came of all runs: who was named for what, and how often rightly.

import type { Run } from './play.ts';

export interface Tally {
  /** Planted cause, then verdict, then how many runs. */
  readonly confusion: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly planted: number;
  readonly named: number;
  readonly unsure: number;
  readonly healthy: number;
  readonly falseAlarms: number;
  /** Leaks for which the size was blamed: must be none. */
  readonly sizeBlamedForLeak: number;
  readonly mixtures: number;
  readonly topTwoRight: number;
  /** Runs that went wrong, for a closer look. */
  readonly wrong: readonly string[];
}

export function tally(runs: readonly Run[]): Tally {
  const confusion: Record<string, Record<string, number>> = {};
  const wrong: string[] = [];
  const count = { planted: 0, named: 0, unsure: 0, healthy: 0, falseAlarms: 0, sizeBlamedForLeak: 0 };
  let mixed = 0;
  let topTwoRight = 0;
  for (const run of runs) {
    const { planted, diagnosis } = run;
    const [cause, other] = planted as [string, string | undefined];
    let right: boolean;
    if (other !== undefined) {
      mixed++;
      const two = diagnosis.ranked.slice(0, 2).map((finding): string => finding.cause);
      right = diagnosis.verdict !== 'healthy' && two.includes(cause) && two.includes(other);
      if (right) topTwoRight++;
    } else {
      confusion[cause] ??= {};
      const row = confusion[cause];
      row[diagnosis.verdict] = (row[diagnosis.verdict] ?? 0) + 1;
      right = diagnosis.verdict === cause;
      if (cause === 'healthy') {
        count.healthy++;
        if (!right) count.falseAlarms++;
      } else {
        count.planted++;
        if (right) count.named++;
        if (diagnosis.verdict === 'unsure') count.unsure++;
        if (cause === 'leak' && diagnosis.verdict === 'too-small') count.sizeBlamedForLeak++;
      }
    }
    if (!right) wrong.push(told(run));
  }
  return { confusion, ...count, mixtures: mixed, topTwoRight, wrong };
}

function told({ seed, planted, variant, diagnosis }: Run): string {
  const ranked = diagnosis.ranked.map(({ cause, score }) => `${cause} ${score.toFixed(2)}`).join(', ');
  return `seed ${seed}, ${planted.join(' + ')} (${variant}): ${diagnosis.verdict} [${ranked}] ${diagnosis.sentence}`;
}
