// Which cause the message of an error names.

import type { Cause } from 'openline/insight';
import type { Said } from './run.ts';

/** How the sentence for each verdict begins. */
export const beginnings: Readonly<Record<Cause | 'unsure', string>> = {
  'too-small': 'The pool is too small',
  leak: 'Connections leak',
  'slow-use': 'Connections are used for longer than before',
  'nested-acquire': 'Callers that hold a connection wait for a second one',
  'event-loop-blocked': 'The event loop is blocked',
  'server-unreachable': 'The server cannot be reached',
  'server-full': 'The server is full',
  'connects-slow': 'Connections are slow to open',
  'thundering-herd': 'Too many callers come at the same moment',
  unsure: 'The cause is not sure',
};

export function firstCauseOf(sentence: string | undefined): Said {
  if (sentence === undefined) return 'nothing';
  const verdicts = Object.keys(beginnings) as (keyof typeof beginnings)[];
  const said = verdicts.find((verdict) => sentence.startsWith(beginnings[verdict]));
  if (said === undefined) throw new Error(`no verdict begins so: ${sentence}`);
  return said;
}
