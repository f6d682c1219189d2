// The figures of played faults, as one document.

import { describeMachine, type Machine } from '../harness/machine.ts';
import { versionOf } from '../harness/versions.ts';
import type { Account } from './account.ts';
import type { Limits } from './limits.ts';
import type { Outcome, Run } from './run.ts';

export interface Report {
  readonly machine: Machine;
  readonly notes: readonly string[];
  readonly runs: readonly RunReport[];
}

/** One fault with one set of limits. */
export interface RunReport {
  readonly fault: string;
  readonly title: string;
  readonly seconds: number;
  readonly limits: Limits['name'];
  readonly callers: number;
  readonly max: number;
  readonly contenders: readonly ContenderReport[];
}

export interface ContenderReport extends Account {
  readonly contender: string;
  readonly version: string | undefined;
  /** The limits it was given, under its own names. */
  readonly options: Readonly<Record<string, number>>;
  /** Until when every call has to be answered, in milliseconds from its beginning; null where nothing limits it. */
  readonly deadlineMs: number | null;
}

export function reportRun({ fault, limits, seconds }: Run, outcomes: readonly Outcome[]): RunReport {
  return {
    fault: fault.name,
    title: fault.title(seconds),
    seconds,
    limits: limits.name,
    callers: fault.crowd.callers,
    max: fault.max,
    contenders: outcomes.map(({ contender, account }) => ({
      contender: contender.name,
      version: contender.dependency === undefined ? undefined : versionOf(contender.dependency),
      options: contender.options(limits),
      deadlineMs: contender.deadlines(limits)?.wholeMs ?? null,
      ...account,
    })),
  };
}

export function reportAll(runs: readonly RunReport[], notes: readonly string[]): Report {
  return { machine: describeMachine(), notes, runs };
}
