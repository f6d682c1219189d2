// What came of all runs: who was named for what, and how often rightly.

import type { Run } from './run.ts';

type Confusion = Readonly<Record<string, Readonly<Record<string, number>>>>;

export interface Tally {
  /** Planted cause, then verdict, then how many runs. */
  readonly confusion: Confusion;
  readonly planted: number;
  readonly named: number;
  readonly unsure: number;
  readonly healthy: number;
  readonly falseAlarms: number;
  /** Leaks for which the size was blamed: must be none. */
  readonly sizeBlamedForLeak: number;
  readonly mixtures: number;
  readonly topTwoRight: number;
  /** Runs with one planted cause in which an acquire timed out, and those whose first such error named it already. */
  readonly firstErrors: number;
  readonly firstErrorsRight: number;
  /** Planted cause, then what the first error named, then how many runs. */
  readonly firstErrorsSaid: Confusion;
  /** How often a run was played once more, since the machine had no time for it. */
  readonly repeated: number;
  /** Runs that did not come to their end: neither right nor wrong answers. */
  readonly failed: number;
  /** Runs that went wrong, for a closer look. */
  readonly wrong: readonly string[];
}

export function tally(runs: readonly Run[]): Tally {
  const confusion: Record<string, Record<string, number>> = {};
  const firstErrorsSaid: Record<string, Record<string, number>> = {};
  const count = { planted: 0, named: 0, unsure: 0, healthy: 0, falseAlarms: 0, sizeBlamedForLeak: 0 };
  const mixed = { mixtures: 0, topTwoRight: 0 };
  const first = { firstErrors: 0, firstErrorsRight: 0 };
  for (const run of runs) {
    const { planted, firstError } = run;
    const [cause, other] = planted as [string, string | undefined];
    const verdict = verdictOf(run);
    if (other !== undefined) {
      mixed.mixtures++;
      if (isRight(run)) mixed.topTwoRight++;
      continue;
    }
    addTo(confusion, cause, verdict);
    if (cause === 'healthy') {
      count.healthy++;
      if (!isRight(run)) count.falseAlarms++;
      continue;
    }
    count.planted++;
    if (isRight(run)) count.named++;
    if (verdict === 'unsure') count.unsure++;
    if (cause === 'leak' && verdict === 'too-small') count.sizeBlamedForLeak++;
    if (firstError === undefined) continue;
    first.firstErrors++;
    addTo(firstErrorsSaid, cause, firstError);
    if (firstError === cause) first.firstErrorsRight++;
  }
  const failed = runs.filter(({ diagnosis }) => diagnosis === undefined).length;
  const repeated = runs.reduce((sum, { times = 1 }) => sum + times - 1, 0);
  const wrong = runs.filter((run) => !isRight(run)).map(told);
  return { confusion, ...count, ...mixed, ...first, firstErrorsSaid, repeated, failed, wrong };
}

function addTo(confusion: Record<string, Record<string, number>>, cause: string, said: string): void {
  confusion[cause] ??= {};
  const row = confusion[cause];
  row[said] = (row[said] ?? 0) + 1;
}

const verdictOf = ({ diagnosis }: Run): string => diagnosis?.verdict ?? 'failed';

/** One cause is the verdict; two are the first two. */
export function isRight(run: Run): boolean {
  const [cause, other] = run.planted as [string, string | undefined];
  if (other === undefined) return verdictOf(run) === cause;
  const two = run.diagnosis?.ranked.slice(0, 2).map((finding): string => finding.cause) ?? [];
  return verdictOf(run) !== 'healthy' && two.includes(cause) && two.includes(other);
}

/** The folder of the project: figures are kept, and where it stood is nobody's business. */
const home = new URL('../../../', import.meta.url).href;

/** One run in a line. */
export function told({
  seed,
  planted,
  variant,
  diagnosis,
  failure,
  firstError,
  disturbedShare = 0,
}: Run): string {
  const what = `seed ${seed}, ${planted.join(' + ')} (${variant})`;
  if (diagnosis === undefined) return `${what}: ${failure}`;
  const ranked = diagnosis.ranked.map(({ cause, score }) => `${cause} ${score.toFixed(2)}`).join(', ');
  const first = firstError === undefined ? '' : `; first error: ${firstError}`;
  const late = disturbedShare < 0.01 ? '' : `; waited for a core: ${(disturbedShare * 100).toFixed(0)} %`;
  return `${what}: ${diagnosis.verdict} [${ranked}${first}${late}] ${diagnosis.sentence.replaceAll(home, '')}`;
}
