// From snapshots to a cause: a pure function, the same for errors, logs and pages.

import { type Evidence, evidenceOf } from './evidence.ts';
import { type Cause, causeTitles, type Finding, type Judge } from './finding.ts';
import { herd, loopBlocked, notTheLoop, tooSmall } from './judges-of-load.ts';
import { connectsSlow, full, unreachable } from './judges-of-opening.ts';
import { leak, nestedAcquire, slowUse } from './judges-of-use.ts';
import type { Snapshot } from './snapshot.ts';
import { counted, duration, ofMax } from './words.ts';

const judges: readonly Judge[] = [
  unreachable,
  full,
  connectsSlow,
  nestedAcquire,
  leak,
  slowUse,
  loopBlocked,
  tooSmall,
  herd,
];

/** A finding below this is no answer. */
const sureFrom = 0.5;
/** A finding below this is no candidate either. */
const candidateFrom = 0.15;

/** What is wrong with a pool, if anything. */
export interface Diagnosis {
  /** The likeliest cause; `healthy` when nobody suffers, `unsure` when somebody does and no cause stands out. */
  readonly verdict: Cause | 'healthy' | 'unsure';
  /** The verdict, its evidence and what to do, for people. */
  readonly sentence: string;
  /** What was measured, a clause each, with units. */
  readonly evidence: readonly string[];
  /** What to do; empty when nothing is wrong. */
  readonly advice: string;
  /** All causes that something speaks for, the likeliest first: where two causes met, the first two. */
  readonly ranked: readonly Finding[];
}

/**
 * Says what is wrong with a pool.
 *
 * @param snapshots - of one pool, the oldest first, about a second apart. The last ten seconds are judged, against what was usual before them. One
 * alone tells an outage, a full server and leases that are far too old, but nothing of rates.
 * @throws RangeError without any.
 */
export function diagnose(snapshots: readonly Snapshot[]): Diagnosis {
  if (snapshots.length === 0) throw new RangeError('diagnose: give at least one snapshot');
  const evidence = evidenceOf(snapshots);
  const ranked = judges
    .map((judge) => judge(evidence))
    .map((finding) => ({ ...finding, score: finding.score * notTheLoop(evidence, finding) }))
    .filter(({ score }) => score >= candidateFrom)
    .sort((a, b) => b.score - a.score);
  if (!isInTrouble(evidence, ranked)) return healthy(evidence, ranked);
  const [first] = ranked;
  if (first === undefined || first.score < sureFrom) return unsure(evidence, ranked);
  return {
    verdict: first.cause,
    sentence: `${causeTitles[first.cause]}: ${first.evidence.join('; ')}. ${first.advice}`,
    evidence: first.evidence,
    advice: first.advice,
    ranked,
  };
}

/** What hurts though nobody waits for a connection: not yet, or not there. */
const hurtsAnyway: readonly Cause[] = ['leak', 'event-loop-blocked'];

/** Does anybody suffer, or will soon? */
function isInTrouble(evidence: Evidence, ranked: readonly Finding[]): boolean {
  const { failed, meanWaitMs, worstWaitMs, usualUseMs, meanWaiting, waitingShare, last } = evidence;
  if (failed > 0) return true;
  const noticeableMs = Math.max(20, usualUseMs * 3);
  if (Math.max(meanWaitMs, worstWaitMs / 2) > noticeableMs && meanWaiting > 0.5) return true;
  if (waitingShare >= 0.5 && meanWaiting > last.max / 2) return true;
  if (last.outage?.breakerOpen === true) return true;
  return ranked.some(({ cause, score }) => hurtsAnyway.includes(cause) && score > 0.8);
}

function healthy({ meanLeased, meanWaitMs, last }: Evidence, ranked: readonly Finding[]): Diagnosis {
  const evidence = [
    `${meanLeased.toFixed(1)}${ofMax(last)} connections leased on the average`,
    `${duration(meanWaitMs)} of waiting`,
  ];
  return {
    verdict: 'healthy',
    sentence: `Nothing is wrong: ${evidence.join('; ')}.`,
    evidence,
    advice: '',
    ranked,
  };
}

const shortageAdvice =
  "Shorten the use of connections in the pools of the budget, or raise the budget's max if the servers allow it.";

function unsure({ last, failed, meanWaitMs }: Evidence, ranked: readonly Finding[]): Diagnosis {
  const evidence = [
    `${counted(last.waiting, 'caller')} waiting`,
    `${counted(failed, 'acquire')} failed`,
    `${duration(meanWaitMs)} of waiting on the average`,
    ...ranked.flatMap((finding) => finding.evidence),
  ];
  const { shortage } = last;
  const candidates = [
    ...(shortage === undefined ? [] : [`the shared budget is full, ${shortage.max} of ${shortage.max}`]),
    ...ranked.map(({ cause }) => causeTitles[cause].toLowerCase()),
  ];
  const what =
    candidates.length === 0
      ? 'nothing that was measured explains it'
      : `perhaps: ${candidates.join(', or ')}`;
  return {
    verdict: 'unsure',
    sentence: `The cause is not sure (${what}): ${evidence.join('; ')}.${shortage === undefined ? '' : ` ${shortageAdvice}`}`,
    evidence,
    advice:
      shortage === undefined
        ? 'Watch the pool for longer (PoolWatch): rates and what is usual need several seconds.'
        : shortageAdvice,
    ranked,
  };
}
