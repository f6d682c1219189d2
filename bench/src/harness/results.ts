// Keeps the figures of the last whole run of each bench beside its source.

import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Report } from './report.ts';

const FOLDER: string = fileURLToPath(new URL('../../results/', import.meta.url));

/** Returns the name of the file, relative to the workspace. */
export function saveReport(report: Report): Promise<string> {
  return saveAs(report.bench, report);
}

/** The same for figures of another form. */
export async function saveAs(name: string, report: object): Promise<string> {
  await mkdir(FOLDER, { recursive: true });
  await writeFile(`${FOLDER}${name}.json`, serialise(report));
  return `bench/results/${name}.json`;
}

/** JSON whose lists of numbers stand on one line each, so that a difference between two runs can be read. */
export function serialise(report: object): string {
  const indented = JSON.stringify(report, significant, 2);
  return `${indented.replace(/\[\s+(-?[\d.][^[\]{}"]*?)\s+\]/g, (_, list: string) => `[${list.replace(/\s+/g, ' ')}]`)}\n`;
}

/** Five significant digits hold more than any run can repeat. */
function significant(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value;
}
