// The causes that lie in how many come, and when: too small a pool, a herd, and a process that does not run.

import type { Evidence } from './evidence.ts';
import { type Cause, type Finding, type Judge, rising } from './finding.ts';
import { connectionsOf, counted, duration, percent, rate } from './words.ts';

/** A pool this full on the average still serves at once most of those who come by chance. */
const comfortable = 0.75;

/** Leases that take so many times what is usual are slower; below, the callers are others than before. */
const slowerTimes = 1.4;

/** Connections that would be busy, by Little's law, if no lease were slower than usual. */
function needed({ arrivalsPerSecond, usualUseMs, useMs, leasesEach }: Evidence): number {
  const isSlower = usualUseMs > 0 && useMs > usualUseMs * slowerTimes;
  return (arrivalsPerSecond * (isSlower ? usualUseMs : useMs)) / 1_000 / leasesEach;
}

/** Where others have the connections of a shared budget, this pool's own size and load tell nothing. */
const ownRoom = ({ shortShare, last }: Evidence): number =>
  last.shortage === undefined ? 1 - rising(shortShare, 0, 0.3) : 0;

export const tooSmall: Judge = (evidence) => {
  const { last, fullShare, useMs, usualUseMs, arrivalsPerSecond, old, hasHistory } = evidence;
  const busy = needed(evidence);
  const size = Math.max(Math.ceil(busy / comfortable), last.max + 1);
  // What leaks or hangs would leave no size enough; what slowed down would be served by this one.
  const load = busy / last.max;
  const score = hasHistory ? rising(fullShare, 0.5, 0.9) * rising(load, 0.8, 0.95) * ownRoom(evidence) : 0;
  return {
    cause: 'too-small',
    score: score * (1 - rising(connectionsOf(old.now) / last.max, 0.1, 0.5)),
    evidence: [
      `${counted(last.max, 'connection')}, all leased with callers waiting for ${percent(fullShare)} of the time`,
      `${rate(arrivalsPerSecond)} acquires of ${duration(useMs)} each${
        usualUseMs === 0 ? '' : ` (usually ${duration(usualUseMs)})`
      } keep ${busy.toFixed(1)} connections busy`,
    ],
    advice: `Raise max to about ${size} if the server allows it, or shorten what is done with each connection.`,
  };
};

export const herd: Judge = (evidence) => {
  const {
    last,
    busyShare,
    meanWaiting,
    meanWaitMs,
    worstWaitMs,
    useMs,
    arrivalsPerSecond,
    connect,
    hasHistory,
  } = evidence;
  const load = needed(evidence) / last.max;
  const usual = Math.max(evidence.usualUseMs, 1);
  const waits = rising(Math.max(meanWaitMs, worstWaitMs / 2) / usual, 1, 4);
  const score = hasHistory
    ? waits *
      (1 - rising(load, 0.75, 0.95)) *
      (1 - rising(busyShare, 0.8, 0.98)) *
      (1 - rising(useMs / usual, 1.5, 3)) *
      (1 - rising(connect.awaitedShare, 0.2, 0.5)) *
      // Those that leak or hang are neither busy nor idle: the rest has less room than it seems.
      (1 - rising(connectionsOf(evidence.old.now) / last.max, 0.1, 0.4)) *
      (1 - rising(evidence.loopShare, 0.05, 0.25)) *
      ownRoom(evidence)
    : 0;
  return {
    cause: 'thundering-herd',
    score,
    evidence: [
      `${duration(meanWaitMs)} of waiting on the average, ${duration(worstWaitMs)} in the worst second, though ${percent(Math.max(1 - busyShare, 0))} of the connections are idle on the average`,
      `${meanWaiting.toFixed(1)} callers wait on the average at ${rate(arrivalsPerSecond)}`,
    ],
    advice:
      'Spread what begins all at once (timers on the same second, retries, batches): the pool is large enough for the mean.',
  };
};

export const loopBlocked: Judge = ({ loopShare, loopLongestMs, overMs }) => ({
  cause: 'event-loop-blocked',
  score: rising(loopShare, 0.08, 0.3) * rising(loopLongestMs, 30, 80),
  evidence: [
    `the event loop stood still for ${percent(loopShare)} of the last ${duration(overMs)}, ${duration(loopLongestMs)} at the longest`,
  ],
  advice:
    'Move the work that blocks the event loop out of it (a worker thread, smaller steps): while it runs, no connection can be given back or taken.',
});

/** What looks slow while nothing runs. */
const slowWhileBlocked: readonly Cause[] = ['slow-use', 'too-small', 'thundering-herd', 'connects-slow'];

/** What is left of a finding when what a blocked loop explains is taken off. */
export const notTheLoop = (evidence: Evidence, { cause }: Finding): number =>
  slowWhileBlocked.includes(cause) ? 1 - 0.8 * loopBlocked(evidence).score : 1;
