// Which cause the message of an error names.

import { type Cause, causeTitles } from 'openline/insight';
import type { Said } from './run.ts';

/** How the sentence for each verdict begins. */
export const beginnings: Readonly<Record<Cause | 'unsure', string>> = {
  ...causeTitles,
  unsure: 'The cause is not sure',
};

export function firstCauseOf(sentence: string | undefined): Said {
  if (sentence === undefined) return 'nothing';
  const verdicts = Object.keys(beginnings) as (keyof typeof beginnings)[];
  const said = verdicts.find((verdict) => sentence.startsWith(beginnings[verdict]));
  if (said === undefined) throw new Error(`no verdict begins so: ${sentence}`);
  return said;
}
