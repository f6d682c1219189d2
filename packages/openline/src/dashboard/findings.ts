// What the page shows of a diagnosis: its cause as a heading, the evidence, what to do, and what else may be or is the matter.

import { causeTitles, type Diagnosis, type Finding } from '../insight/index.ts';
import type { FindingRow } from './frames.ts';
import { shownText } from './messages.ts';

/** By one snapshot alone, which knows rates of the pool's whole life only, these can be told all the same. */
const toldAtOnce: readonly Diagnosis['verdict'][] = ['leak', 'server-unreachable'];
/** Earlier, "unsure" only means "not yet". */
const unsureFromMs = 5_000;
/** A second cause as likely as this is a cause too. */
const alsoFrom = 0.5;
const besidesShown = 2;
const candidatesShown = 3;

/**
 * What is shown, if that is worth showing yet.
 *
 * @param overMs - how long the pool has been watched
 */
export function findingOf(found: Diagnosis, overMs: number): FindingRow | null {
  const { verdict, evidence, advice, ranked } = found;
  const isEarly = overMs === 0 && !toldAtOnce.includes(verdict);
  if (verdict === 'healthy' || verdict === 'unsure') {
    // An outage is a fact, whether it hurts anybody yet or not.
    const outage = ranked.find(({ cause }) => cause === 'server-unreachable');
    if (outage !== undefined) return shown(outage, ranked);
    if (isEarly) return null;
    return verdict === 'unsure' ? unsure(found, overMs) : calm(evidence);
  }
  return isEarly ? null : shown({ cause: verdict, evidence, advice }, ranked);
}

function shown({ cause, evidence, advice }: Omit<Finding, 'score'>, ranked: readonly Finding[]): FindingRow {
  const others = ranked.filter((other) => other.cause !== cause && other.score >= alsoFrom);
  return {
    mood: 'bad',
    title: causeTitles[cause],
    evidence: evidence.map(shownText),
    advice,
    others: rowsOf(others.slice(0, besidesShown)),
  };
}

function unsure({ evidence, ranked }: Diagnosis, overMs: number): FindingRow | null {
  if (overMs < unsureFromMs) return null;
  return {
    mood: 'unsure',
    title: 'The cause is not sure',
    evidence: evidence.filter((clause) => !ranked.some((finding) => finding.evidence.includes(clause))),
    advice: ranked.length === 0 ? 'Nothing that was measured explains it.' : '',
    others: rowsOf(ranked.slice(0, candidatesShown)),
  };
}

const calm = (evidence: readonly string[]): FindingRow => ({
  mood: 'good',
  title: 'Nothing is wrong',
  evidence,
  advice: '',
  others: [],
});

const rowsOf = (findings: readonly Finding[]): FindingRow['others'] =>
  findings.map(({ cause, evidence, advice }) => ({
    title: causeTitles[cause],
    evidence: evidence.map(shownText),
    advice,
  }));
