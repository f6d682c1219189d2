// The figures as tables for people.

import Table from 'cli-table3';
import type { Metric } from './bench.ts';
import type { Figure, Report, Section } from './report.ts';

export function table(report: Report): string {
  const { machine } = report;
  const facts = Object.entries(report.facts).map(([name, value]) => `${name} ${value}`);
  const others = report.sections.some((section) => section.reference !== undefined);
  const elsewhere = others ? ' where no other is named' : '';
  const lines = [
    report.title,
    [`node ${machine.node}`, machine.cpu, `${machine.cores} cores`, ...facts, machine.date].join(' · '),
    `Medians of ${report.rounds} interleaved rounds, (lowest to highest); × is the ratio of the medians to ` +
      `${report.reference}'s${elsewhere}, [ ] the median of the ratios round by round.`,
    ...report.notes,
  ];
  for (const section of report.sections) {
    const fewer = section.rounds === report.rounds ? '' : ` · ${section.rounds} rounds`;
    const other = section.reference === undefined ? '' : ` · × is the ratio to ${section.reference}`;
    lines.push('', `${section.title}${fewer}${other}`, sectionTable(section));
  }
  return lines.join('\n');
}

function sectionTable(section: Section): string {
  const out = new Table({
    head: ['', ...section.metrics.flatMap(headings)],
    colAligns: ['left', ...section.metrics.flatMap((metric) => headings(metric).map(() => 'right' as const))],
    style: { head: [], border: [], compact: true },
  });
  for (const row of section.rows) {
    const name = row.version === undefined ? row.contender : `${row.contender} ${row.version}`;
    out.push([name, ...section.metrics.flatMap((metric) => cells(metric, row.figures[metric.key]))]);
  }
  return out.toString();
}

function headings(metric: Metric): string[] {
  const head = metric.unit === '' ? metric.label : `${metric.label}, ${metric.unit}`;
  return metric.compare === false ? [head] : [head, '×'];
}

function cells(metric: Metric, figure: Figure | undefined): string[] {
  if (figure === undefined) return headings(metric).map(() => '–');
  const [middle, low, high] = [figure.median, figure.min, figure.max].map((value) =>
    rounded(value, metric.digits),
  );
  const value = low === high ? `${middle}` : `${middle} (${low}–${high})`;
  if (metric.compare === false) return [value];
  if (figure.ratio === undefined || figure.pairedRatio === undefined) return [value, '–'];
  return [value, `${rounded(figure.ratio, 2)} [${rounded(figure.pairedRatio, 2)}]`];
}

function rounded(value: number, digits: number): string {
  return value.toLocaleString('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
