// The comparison for people: table, chart, conclusions, conditions.

import { phaseChart } from './chart.ts';
import { colours } from './colours.ts';
import type { Comparison } from './comparison.ts';
import { conclusions } from './conclusion.ts';
import { comparisonTable } from './table.ts';

/** The whole report. `columns` is the width of the terminal. */
export function report(comparison: Comparison, columns: number): string {
  const { callers, seconds, poolMax, database, node, processors } = comparison.conditions;
  const conditions =
    `GET /orders/{id}: one query, then one HTTPS call. ${callers} callers, ${seconds} s each after 1 s of warm-up, ` +
    `pools of at most ${poolMax}, ${database}, Node ${node}, ${processors} processors.`;
  const remark =
    'Times are wall time, waiting for a processor included: database, price service and load run on this machine too. ' +
    'TLS with the database includes the start of its server process; authentication, the making of the session. ' +
    'Connections are counted from the start of the warm-up.';
  return [
    '',
    comparisonTable(comparison),
    '',
    colours.bold('Where the time of a request went') + colours.dim(' (mean)'),
    '',
    phaseChart(comparison, columns),
    '',
    ...conclusions(comparison).map((sentence) => wrap(sentence, columns)),
    '',
    colours.dim(wrap(conditions, columns)),
    colours.dim(wrap(remark, columns)),
    '',
  ].join('\n');
}

/** Breaks lines between words. */
function wrap(text: string, columns: number): string {
  const width = Math.min(columns, 100);
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join('\n');
}
