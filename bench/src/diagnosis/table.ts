// The confusion matrix for people.

import Table from 'cli-table3';
import { lastSeedBuiltWith, type Options } from './options.ts';
import type { Tally } from './tally.ts';

const mostWrongTold = 30;

export function table(tally: Tally, { from, seeds, simulated }: Options): string {
  const rows = Object.keys(tally.confusion).sort();
  const verdicts = [...new Set([...rows, ...Object.values(tally.confusion).flatMap(Object.keys)])]
    .filter((verdict) => verdict !== 'unsure')
    .sort();
  const columns = [...verdicts, 'unsure'];
  const out = new Table({
    head: ['planted', ...columns],
    colAligns: ['left', ...columns.map(() => 'right' as const)],
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) out.push([row, ...columns.map((column) => tally.confusion[row]?.[column] ?? '')]);
  const { planted, named, unsure, healthy, falseAlarms, sizeBlamedForLeak, mixtures, topTwoRight } = tally;
  const { firstErrors, firstErrorsRight, repeated, failed } = tally;
  const kind = simulated ? 'simulated' : 'real';
  const isBuiltWith = from <= lastSeedBuiltWith[kind];
  return [
    `Planted causes, ${kind} servers, seeds ${from} to ${from + seeds - 1}${isBuiltWith ? ' (used while building)' : ''}`,
    out.toString(),
    `named rightly       ${share(named, planted)}`,
    `unsure              ${share(unsure, planted)}`,
    `false alarms        ${share(falseAlarms, healthy)}`,
    `size blamed for leak ${sizeBlamedForLeak}`,
    `both of two on top  ${share(topTwoRight, mixtures)}`,
    ...(simulated ? [] : [`first error right   ${share(firstErrorsRight, firstErrors)}`]),
    ...(repeated === 0 ? [] : [`played once more    ${repeated}: the machine had no time for them`]),
    ...(failed === 0 ? [] : [`runs that failed    ${failed}`]),
    ...tally.wrong.slice(0, mostWrongTold),
  ].join('\n');
}

const share = (count: number, of: number): string =>
  `${count} of ${of}${of === 0 ? '' : `, ${((count / of) * 100).toFixed(1)} %`}`;
