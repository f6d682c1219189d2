// The causes that lie with those who hold connections: leaks, slow use, and holders that acquire again.

import type { Evidence } from './evidence.ts';
import { type Judge, rising } from './finding.ts';
import { between, counted, duration, percent, places } from './words.ts';

/** Old leases at which the peer is not at work: nobody waits for an answer on them. */
function abandoned({ old }: Evidence): Evidence['old']['now'] {
  return old.now.filter(({ working }) => working !== true);
}

/** Of those who got a connection, do many wait for a second one? Then leases are long because of it; unless none of them ever comes back, as theirs do at their deadlines. */
function nestedShare(evidence: Evidence): number {
  const { nested, failed, last } = evidence;
  if (nested === 0) return 0;
  const neverBack =
    failed === 0 ? 0 : neverBackShare(evidence) * rising(abandoned(evidence).length / last.max, 0.1, 0.5);
  // Who waits for a second connection asks nothing of the first one: marks that went astray (callers begun by one another) are told by that.
  const atWork = rising(evidence.workingShare ?? 0, 0.4, 0.8);
  return rising(evidence.nestedShare, 0.02, 0.08) * (1 - neverBack) * (1 - atWork);
}

/** How much it looks as if the old leases would not come back: they are far too old, and none was seen to. */
function neverBackShare(evidence: Evidence): number {
  const { old } = evidence;
  const cameBackShare = old.seen === 0 ? 0 : old.cameBack / old.seen;
  const longestMs = abandoned(evidence)[0]?.ageMs ?? 0;
  return rising(longestMs / old.fromMs, 0.8, 3) * (1 - rising(cameBackShare, 0.2, 0.7));
}

export const leak: Judge = (evidence) => {
  const { last } = evidence;
  const gone = abandoned(evidence);
  const [longest] = gone;
  const score =
    rising(gone.length / last.max, 0.05, 0.5) * neverBackShare(evidence) * (1 - nestedShare(evidence));
  return {
    cause: 'leak',
    score,
    evidence:
      longest === undefined
        ? []
        : [
            `${gone.length} of ${last.max} connections have not come back for ${between(gone.at(-1)!.ageMs, longest.ageMs)}`,
            ...(evidence.usualUseMs === 0 ? [] : [`leases usually take ${duration(evidence.usualUseMs)}`]),
            `taken at ${places(gone)}`,
          ],
    advice:
      'Release them in a finally block, or use pool.use(): a larger pool would only take longer to run dry.',
  };
};

export const slowUse: Judge = (evidence) => {
  const { useMs, usualUseMs, old, workingShare, last } = evidence;
  const times = usualUseMs === 0 ? 0 : useMs / usualUseMs;
  const atWork = old.now.filter(({ working }) => working === true).length;
  const stuck = rising(atWork / last.max, 0.05, 0.5);
  const slower = rising(times, 1.4, 2.5);
  const where =
    workingShare === undefined
      ? 'Find out what the holders wait for'
      : workingShare > 0.6
        ? 'Look at the server (locks, plans, load): the time goes to its answers'
        : workingShare < 0.4
          ? 'Do slow work before the acquire or after the release: the time goes to the callers, between their requests'
          : 'Look at the server and at what the callers do between their requests: the time goes to both';
  return {
    cause: 'slow-use',
    score: Math.max(slower, stuck) * (1 - nestedShare(evidence)),
    evidence: [
      `leases take ${duration(Math.max(useMs, old.now[0]?.ageMs ?? 0))}${
        usualUseMs === 0 ? '' : `, usually ${duration(usualUseMs)}`
      }`,
      ...(workingShare === undefined
        ? []
        : [`for ${percent(workingShare)} of that time the server is at work`]),
      ...(last.holders.length === 0 ? [] : [`held longest at ${places(last.holders.slice(0, 5))}`]),
    ],
    advice: `${where}.`,
  };
};

export const nestedAcquire: Judge = (evidence) => {
  const { nested, last, fullShare } = evidence;
  return {
    cause: 'nested-acquire',
    score: nestedShare(evidence) * rising(fullShare, 0.1, 0.4),
    evidence: [
      `${counted(nested, 'caller')} waited for a second connection while holding a first one`,
      ...(last.holders.length === 0 ? [] : [`held at ${places(last.holders.slice(0, 5))}`]),
    ],
    advice:
      'Pass the connection that is held on to what is called with it, or acquire both from separate pools.',
  };
};
