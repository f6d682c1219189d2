// What a judge says of one cause: how sure it is, by what, and what to do.

import type { Evidence } from './evidence.ts';

/** What can be wrong with a pool. */
export type Cause =
  | 'too-small' // busy all the time, and every lease takes what it always took
  | 'leak' // connections are taken and never given back
  | 'slow-use' // leases take longer than they used to
  | 'nested-acquire' // callers that hold a connection wait for a second one
  | 'event-loop-blocked' // nothing in the process runs
  | 'server-unreachable' // no connection can be opened
  | 'server-full' // the server takes no more connections
  | 'connects-slow' // connections are opened, and it takes long
  | 'thundering-herd'; // more callers at one moment than connections, and few at all others

/** A cause, and how much speaks for it. */
export interface Finding {
  readonly cause: Cause;
  /** From 0 to 1: above 0.5 it is likely. */
  readonly score: number;
  /** What was measured, a clause each, with units. */
  readonly evidence: readonly string[];
  /** What to do, in one sentence. */
  readonly advice: string;
}

/** Judges one cause. */
export type Judge = (evidence: Evidence) => Finding;

/** How far a value is on the way from where it means nothing to where it means everything. */
export function rising(value: number, from: number, to: number): number {
  return Math.min(Math.max((value - from) / (to - from), 0), 1);
}

/** Each cause in a few words: as a heading, and as the beginning of its sentence. */
export const causeTitles: Readonly<Record<Cause, string>> = {
  'too-small': 'The pool is too small',
  leak: 'Connections leak',
  'slow-use': 'Connections are used for longer than before',
  'nested-acquire': 'Callers that hold a connection wait for a second one',
  'event-loop-blocked': 'The event loop is blocked',
  'server-unreachable': 'The server cannot be reached',
  'server-full': 'The server is full',
  'connects-slow': 'Connections are slow to open',
  'thundering-herd': 'Too many callers come at the same moment',
};
