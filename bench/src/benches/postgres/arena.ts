// The server of the postgres bench: its tables, and reads that take as long as they are meant to.

import type { Client } from 'pg';
import { elapsedMs, withClient } from '../../arena/asked.ts';
import { type Line, openLines } from '../../arena/lines.ts';
import type { Arena, Size } from '../../harness/bench.ts';
import { ACCOUNTS, type ReadMs, type RowsIn, read, type Statement, short } from './statements.ts';

const READS: readonly ReadMs[] = [1, 20, 100];
/** Timers of whole milliseconds, and their lateness, make 5 ms of two of these. */
const FAR_DELAY_MS = 2;
/** Read at the first try, and in a tiny run, which tries nothing. */
const FIRST_ROWS = 1_000;
const TRIES = 3;
const REPEATS = 7;

const SCHEMA = `
  create table entries (id bigint generated always as identity primary key, caller int not null);
  create table accounts (id int primary key, balance bigint not null) with (fillfactor = 50);
  insert into accounts select id, 0 from generate_series(1, ${ACCOUNTS}) as id;
  vacuum analyze accounts;
`;

/** Handed to the workers. */
export type Access = {
  readonly lines: Readonly<Record<'near' | 'far', Line>>;
  readonly rows: RowsIn;
};

export async function setUp({ tiny }: Size, progress: (line: string) => void): Promise<Arena> {
  // The generated rows of the longest read fit in memory: on disk they would take another time each time.
  const settings = { work_mem: '64MB' };
  const delays = { near: 0, far: FAR_DELAY_MS };
  const { lines, facts, close } = await openLines([{ settings, delays }], progress);
  try {
    const { near, far } = lines as Access['lines'];
    progress('finding reads of 1, 20 and 100 ms');
    const rows = await withClient(near.access, async (client) => {
      for (const text of SCHEMA.split(';')) await client.query(text);
      return await rowsIn(client, tiny ? 0 : TRIES);
    });
    const access: Access = { lines: { near, far }, rows };
    return { access, facts: { ...facts, 'rows read in 1 ms': rows[1] }, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function rowsIn(client: Client, tries: number): Promise<RowsIn> {
  const found: Record<ReadMs, number> = { 1: FIRST_ROWS, 20: FIRST_ROWS, 100: FIRST_ROWS };
  for (const ms of READS) {
    for (let attempt = 0; attempt < tries; attempt++) {
      const took = (await leastMs(client, read(ms, found[ms])(0))) - (await leastMs(client, short(0)));
      found[ms] = Math.round((found[ms] * ms) / took);
    }
  }
  return found;
}

/** The least of several: whatever else the machine does only adds. */
async function leastMs(client: Client, { text, values }: Statement): Promise<number> {
  const times: number[] = [];
  for (let time = 0; time < REPEATS; time++) times.push(await elapsedMs(() => client.query(text, values)));
  return Math.min(...times);
}
