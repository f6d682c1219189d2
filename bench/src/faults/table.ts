// The figures of played faults as tables for people.

import Table from 'cli-table3';
import type { ContenderReport, Report, RunReport } from './report.ts';

type Column = readonly [head: string, cell: (row: ContenderReport) => string];

const columns: readonly Column[] = [
  ['ok', ({ callsOk }) => number(callsOk)],
  ['errors in flight', ({ errorsInFlight }) => number(errorsInFlight)],
  ['later', ({ errorsLater }) => number(errorsLater)],
  ['longest, ms', ({ longestMs }) => number(longestMs)],
  ['past deadline, ms', pastDeadline],
  ['hangs', ({ hangs }) => number(hangs)],
  ['wrong', ({ wrongAnswers }) => number(wrongAnswers)],
  ['connects', ({ connectAttempts }) => number(connectAttempts)],
  ['recovery, ms', ({ recoveryMs }) => number(recoveryMs)],
  ['crash', ({ crash }) => (crash === null ? 'no' : 'yes')],
];

export function table({ machine, notes, runs }: Report): string {
  const lines = [
    [`node ${machine.node}`, machine.cpu, `${machine.cores} cores`, machine.date].join(' · '),
    ...notes,
  ];
  for (const run of runs) lines.push('', heading(run), runTable(run), ...run.contenders.flatMap(remarks));
  return lines.join('\n');
}

function heading({ fault, title, limits, callers, max }: RunReport): string {
  return `${fault}, ${limits} limits: ${title} · ${callers} callers, at most ${max} connections`;
}

function runTable({ contenders }: RunReport): string {
  const out = new Table({
    head: ['', ...columns.map(([head]) => head)],
    colAligns: ['left', ...columns.map(() => 'right' as const)],
    style: { head: [], border: [], compact: true },
  });
  for (const row of contenders) {
    out.push([`${row.contender} ${row.version ?? ''}`.trim(), ...columns.map(([, cell]) => cell(row))]);
  }
  return out.toString();
}

function remarks({ contender, options, errors, errorsBefore, crash }: ContenderReport): string[] {
  const given = Object.entries(options).map(([name, value]) => `${name} ${value}`);
  const told = Object.entries(errors).map(([label, { count }]) => `${number(count)} × ${label}`);
  const lines = [
    `  ${contender} (${given.join(', ')}): ${told.length === 0 ? 'no errors' : told.join('; ')}`,
  ];
  if (errorsBefore > 0) lines.push(`  ${contender}: ${number(errorsBefore)} of them before anything broke`);
  if (crash !== null) lines.push(`  ${contender} crashed: ${crash}`);
  return lines;
}

function pastDeadline({ deadlineMs, overshootMs }: ContenderReport): string {
  if (deadlineMs === null && overshootMs === null) return 'no deadline';
  return overshootMs === null || overshootMs <= 0 ? 'none' : number(overshootMs);
}

function number(value: number | null): string {
  return value === null ? '–' : value.toLocaleString('en-GB');
}
