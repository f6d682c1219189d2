// The causes that lie in opening connections: a server that is gone, full, or slow to let in.

import { ConnectError } from '../core/index.ts';
import type { Evidence } from './evidence.ts';
import { type Judge, rising } from './finding.ts';
import { counted, duration } from './words.ts';

/** Opens that take less are not worth a word. */
const slowConnectMs = 100;

/** Connections that serve. */
const live = ({ last }: Evidence): number => last.size - last.opening - last.closing;

/** The share of the opens that failed. An outage has no success in it, whatever the time that is judged shows: the pool's whole life, or no end of an attempt yet. */
function failedShareOf(evidence: Evidence): number {
  const { last, connect, hasHistory } = evidence;
  const isTold = !hasHistory || connect.opened === 0;
  if (last.outage !== undefined && isTold && isWanted(evidence)) return 1;
  return connect.failed / Math.max(connect.failed + connect.opened, 1);
}

/** Is there need of an open? An outage lasts until one succeeds, though nobody should want one any more. */
function isWanted(evidence: Evidence): boolean {
  const { waiting, opening, outage } = evidence.last;
  return waiting > 0 || opening > 0 || outage?.breakerOpen === true || live(evidence) === 0;
}

/** How sure it is that the server is full now, not once in the life of the pool. */
function fullness({ last, connect, hasHistory }: Evidence): number {
  if (hasHistory && connect.refusedAsFull > 0) return 1;
  const nothingNew = !hasHistory || connect.failed === 0;
  // No open ever failed for another reason: none of the outage did.
  const neverElse = last.refusedAsFull > 0 && last.openFailed <= last.refusedAsFull;
  if (nothingNew && neverElse && last.outage !== undefined) return 1;
  const lacks = last.waiting > 0 && last.size < last.max && last.opening === 0;
  return !hasHistory && last.refusedAsFull > 0 && last.shortage === undefined && lacks ? 0.6 : 0;
}

export const unreachable: Judge = (evidence) => {
  const { last, connect } = evidence;
  const { outage } = last;
  const failing = connect.failed - connect.refusedAsFull > 0 || outage !== undefined;
  const lone = 1 - 0.6 * rising(live(evidence) / last.max, 0, 0.6);
  const unlikeFull = fullness(evidence) === 1 ? 0 : 1;
  return {
    cause: 'server-unreachable',
    score: failing && outage !== undefined ? lone * unlikeFull * rising(failedShareOf(evidence), 0, 0.5) : 0,
    evidence:
      outage === undefined
        ? []
        : [
            `no connection could be opened for ${duration(outage.ageMs)}, in ${counted(outage.attempts, 'attempt')}`,
            `the last one failed ${phaseOf(outage.error)}: ${wordsOf(outage.error)}`,
          ],
    advice: 'Mend what the last attempt says: the address, the network, or the server.',
  };
};

export const full: Judge = (evidence) => {
  const { last, connect } = evidence;
  return {
    cause: 'server-full',
    score: fullness(evidence),
    evidence: [
      `the server refused ${counted(connect.refusedAsFull || last.refusedAsFull, 'connection')} because it takes no more`,
      `this pool has ${live(evidence)} of max ${last.max}`,
    ],
    advice: 'Lower max in the pools of this server together, put a pooler before it, or raise its limit.',
  };
};

export const connectsSlow: Judge = (evidence) => {
  const { connect, last } = evidence;
  const slow =
    rising(connect.tookMs, slowConnectMs, slowConnectMs * 4) *
    rising(connect.tookMs / Math.max(connect.usualMs, 1), 0.5, 1);
  return {
    cause: 'connects-slow',
    score:
      slow *
      rising(connect.awaitedShare, 0.1, 0.4) *
      (last.outage === undefined ? 1 : 1 - failedShareOf(evidence)),
    evidence: [
      `a connection takes ${duration(connect.tookMs)} to open`,
      ...(connect.phase === undefined
        ? []
        : [`${duration(connect.phaseMs)} of it in the phase ${connect.phase}`]),
      `callers waited for one being opened`,
    ],
    advice:
      'Keep connections (min, a longer idleTimeoutMs, no low maxUses), warm the pool before it serves, and look at the phase that takes the time.',
  };
};

const phaseOf = (error: Error): string =>
  error instanceof ConnectError ? `in the phase ${error.phase}` : '';

/** The driver's or the socket's own words where there are some. */
function wordsOf(error: Error): string {
  if (!(error instanceof ConnectError)) return error.message;
  if (error.timedOut) return `no answer within ${duration(error.tookMs)}`;
  return error.cause instanceof Error ? error.cause.message : String(error.cause);
}
