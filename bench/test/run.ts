// Runs the commands of this workspace as a user would, and reads the figures they print.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import type { Bench } from '../src/harness/bench.ts';
import type { Report, Section } from '../src/harness/report.ts';

const BENCH = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const DIAGNOSE = fileURLToPath(new URL('../dist/diagnose.js', import.meta.url));
const FAULTS = fileURLToPath(new URL('../dist/faults.js', import.meta.url));

/** A bench has many processes, and a busy machine few cores. */
export const PATIENCE_MS = 180_000;

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function run(...args: string[]): Promise<Ended> {
  return runCommand(BENCH, args);
}

export function runFaults(...args: string[]): Promise<Ended> {
  return runCommand(FAULTS, args);
}

export function runDiagnose(...args: string[]): Promise<Ended> {
  return runCommand(DIAGNOSE, args);
}

async function runCommand(entry: string, args: readonly string[]): Promise<Ended> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [entry, ...args]);
    return { code: 0, stdout, stderr };
  } catch (error) {
    return error as Ended;
  }
}

export async function runTiny(name: string, ...args: string[]): Promise<Report> {
  const { code, stdout, stderr } = await run(name, '--tiny', '--rounds', '2', '--json', ...args);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout);
}

/** Every scenario, variant, contender and metric that the bench promises has its figures, and each is a number. */
export function expectWhole(report: Report, bench: Bench): void {
  expect(report).toMatchObject({
    bench: bench.name,
    rounds: 2,
    reference: bench.reference,
    machine: {
      node: process.version,
      cpu: expect.any(String),
      cores: expect.any(Number),
      date: expect.any(String),
    },
  });
  const expected = bench.scenarios({ tiny: true, roundMs: 5 }).flatMap((scenario) =>
    (bench.variants ?? [undefined]).map((variant) => ({
      scenario: scenario.name,
      ...(variant === undefined ? {} : { variant: variant.name }),
      rows: scenario.contenders ?? bench.contenders.map((contender) => contender.name),
      metrics: scenario.metrics,
    })),
  );
  expect(report.sections.map(outline)).toEqual(expected);
  for (const section of report.sections) {
    for (const row of section.rows) {
      expect(Object.keys(row.figures)).toEqual(section.metrics.map((metric) => metric.key));
      for (const metric of section.metrics) {
        const figure = row.figures[metric.key];
        const ratios =
          metric.compare === false ? {} : { ratio: expect.any(Number), pairedRatio: expect.any(Number) };
        expect(figure).toMatchObject({ median: expect.any(Number), min: expect.any(Number), ...ratios });
        expect(figure?.samples).toHaveLength(section.rounds);
      }
    }
  }
}

function outline({ scenario, variant, rows, metrics }: Section): object {
  return {
    scenario,
    ...(variant === undefined ? {} : { variant }),
    rows: rows.map((row) => row.contender),
    metrics: metrics.map((metric) => metric.key),
  };
}
