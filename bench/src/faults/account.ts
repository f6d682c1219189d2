// How a contender fared in a fault: the figures, from what its player told.

import type { Call } from './calls.ts';
import type { Span } from './clock.ts';
import type { Deadlines } from './contender.ts';
import type { Record as Told } from './player-process.ts';
import { stalledMs } from './stalls.ts';

/** A fault as it went, on the clock of `nowMs()`. */
export interface Course {
  readonly beganAt: number;
  /** Each time in which something broke: a moment, or as long as it took to break it. */
  readonly strikes: readonly Span[];
  /** From when on a newcomer could be served again; undefined where newcomers always could, or never. */
  readonly healedAt: number | undefined;
  /** Whose right answers show it: who began before may have had an answer under way. */
  readonly healedFor: 'all' | 'newcomers';
  /** The end of the time in which connects are counted. */
  readonly watchedUntil: number;
}

/** The errors of a kind. Times in milliseconds, counted from the beginning of the fault. */
export interface ErrorCount {
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** The first one's message. */
  readonly example: string;
}

/** A call that took long. Times in milliseconds. */
export interface LongCall {
  /** When it began, counted from the beginning of the fault. */
  readonly askedMs: number;
  readonly tookMs: number;
  /** Its error's label, `ok`, `wrong` or `never answered`. */
  readonly ended: string;
}

/** Times in milliseconds; null where there is nothing to tell. */
export interface Account {
  readonly callsOk: number;
  readonly wrongAnswers: number;
  /** Failures before anything broke. */
  readonly errorsBefore: number;
  /** Failures while something broke or within 100 ms after it: statements in flight. */
  readonly errorsInFlight: number;
  /** All other failures: of those who waited, and of later statements. */
  readonly errorsLater: number;
  readonly errors: Readonly<Record<string, ErrorCount>>;
  readonly longestMs: number | null;
  readonly longest: readonly LongCall[];
  /** The latest answer, counted from its call's deadline, less the time in which the process stood still; negative when all were early. */
  readonly overshootMs: number | null;
  /** Calls without an answer a generous time after the callers had stopped. */
  readonly hangs: number;
  readonly connectAttempts: number;
  /** From the end of the fault to the first right answer after it. */
  readonly recoveryMs: number | null;
  readonly crash: string | null;
  /** The longest time in which the contender's process stood still. */
  readonly longestStallMs: number;
}

const IN_FLIGHT_MS = 100;
const LONG_CALLS = 3;

/** What the figures are made of. */
export interface Evidence {
  readonly told: Told;
  readonly course: Course;
  readonly deadlines: Deadlines | undefined;
  readonly waitingLabel: string;
  readonly connectAttempts: number;
  /** When the last answer was given up. */
  readonly closedAt: number;
}

export function accountOf(evidence: Evidence): Account {
  const { told, course, connectAttempts, closedAt } = evidence;
  const { calls, unanswered, stalls, crash } = told;
  const failed = calls.filter(({ outcome }) => outcome === 'failed');
  const firstStrike = course.strikes[0]?.from ?? course.beganAt;
  const before = failed.filter(({ endedAt }) => endedAt < firstStrike).length;
  const inFlight = failed.filter(({ endedAt }) => isInFlight(endedAt, course.strikes)).length;
  const all = [...calls.map(asAnswered), ...unanswered.map((askedAt) => neverAnswered(askedAt, closedAt))];
  all.sort((a, b) => tookMs(b) - tookMs(a));
  const lateness = all.flatMap((call) => overshootMs(call, evidence) ?? []);
  return {
    callsOk: calls.filter(({ outcome }) => outcome === 'right').length,
    wrongAnswers: calls.filter(({ outcome }) => outcome === 'wrong').length,
    errorsBefore: before,
    errorsInFlight: inFlight,
    errorsLater: failed.length - before - inFlight,
    errors: countErrors(failed, firstStrike),
    longestMs: all[0] === undefined ? null : rounded(tookMs(all[0])),
    longest: all.slice(0, LONG_CALLS).map((call) => ({
      askedMs: rounded(call.askedAt - firstStrike),
      tookMs: rounded(tookMs(call)),
      ended: call.ended,
    })),
    overshootMs: highest(lateness),
    hangs: unanswered.length,
    connectAttempts,
    recoveryMs: recoveryMs(calls, course),
    crash: crash ?? null,
    longestStallMs: highest(stalls.map(({ from, until }) => until - from)) ?? 0,
  };
}

interface Ended {
  readonly askedAt: number;
  readonly endedAt: number;
  readonly ended: string;
}

const tookMs = ({ askedAt, endedAt }: Ended): number => endedAt - askedAt;

function asAnswered({ askedAt, endedAt, outcome, label }: Call): Ended {
  return { askedAt, endedAt, ended: outcome === 'right' ? 'ok' : (label ?? outcome) };
}

function neverAnswered(askedAt: number, closedAt: number): Ended {
  return { askedAt, endedAt: closedAt, ended: 'never answered' };
}

function overshootMs(
  call: Ended,
  { told: { stalls }, deadlines, waitingLabel }: Evidence,
): number | undefined {
  const limitMs = call.ended.startsWith(waitingLabel) ? deadlines?.waitingMs : deadlines?.wholeMs;
  if (limitMs === undefined) return undefined;
  const deadline = call.askedAt + limitMs;
  return call.endedAt - deadline - stalledMs(stalls, deadline, call.endedAt);
}

function isInFlight(endedAt: number, strikes: readonly Span[]): boolean {
  return strikes.some(({ from, until }) => endedAt >= from && endedAt < until + IN_FLIGHT_MS);
}

function countErrors(failed: readonly Call[], firstStrike: number): Record<string, ErrorCount> {
  const errors: Record<string, ErrorCount> = {};
  for (const { label = '', message = '', endedAt } of failed) {
    const lastMs = rounded(endedAt - firstStrike);
    const { count, firstMs, example } = errors[label] ?? { count: 0, firstMs: lastMs, example: message };
    errors[label] = { count: count + 1, firstMs, lastMs, example };
  }
  return errors;
}

function recoveryMs(calls: readonly Call[], { healedAt, healedFor }: Course): number | null {
  if (healedAt === undefined) return null;
  let first = Number.POSITIVE_INFINITY;
  for (const { outcome, askedAt, endedAt } of calls) {
    const counts = (healedFor === 'newcomers' ? askedAt : endedAt) > healedAt;
    if (outcome === 'right' && counts) first = Math.min(first, endedAt);
  }
  return Number.isFinite(first) ? rounded(first - healedAt) : null;
}

/** Not by spreading: there can be more of them than a call takes arguments. */
function highest(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  return rounded(values.reduce((a, b) => Math.max(a, b)));
}

const rounded = (ms: number): number => Math.round(ms);
