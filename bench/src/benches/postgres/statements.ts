// The statements of the postgres bench: each is answered by a number that its caller knows beforehand.

export interface Statement {
  readonly text: string;
  readonly values: number[];
  readonly answer: number;
}

/** Rows that the server generates and counts in so many milliseconds, by the milliseconds. */
export type RowsIn = Readonly<Record<ReadMs, number>>;

export type ReadMs = 1 | 20 | 100;

/** What a caller asks for; a value that no other has under way shows whose answer came. */
export type Make = (value: number) => Statement;

export type Work = 'short' | 'read1' | 'read20' | 'read100' | 'sleep1' | 'sleep100' | 'insert' | 'update';

/** Rows of the table `accounts`. */
export const ACCOUNTS = 10_000;

/** A factor without a common divisor with {@link ACCOUNTS}: it scatters values that follow one another. */
const SCATTER = 7_919;

export const works: Readonly<Record<Work, (rows: RowsIn) => Make>> = {
  short: () => short,
  read1: (rows) => read(1, rows[1]),
  read20: (rows) => read(20, rows[20]),
  read100: (rows) => read(100, rows[100]),
  sleep1: () => sleep(1),
  sleep100: () => sleep(100),
  insert: () => (value) => ({
    text: 'insert into entries (caller) values ($1) returning caller as value',
    values: [value],
    answer: value,
  }),
  update: () => (value) => {
    const id = 1 + ((value * SCATTER) % ACCOUNTS);
    return {
      text: 'update accounts set balance = balance + 1 where id = $1 returning id as value',
      values: [id],
      answer: id,
    };
  },
};

export function short(value: number): Statement {
  return { text: 'select $1::int as value', values: [value], answer: value };
}

/** A plain read that keeps the server at work; a text of its own for each length, as in a service. */
export function read(ms: ReadMs, rows: number): Make {
  const text = `select count(*)::int + $2::int as value from generate_series(1, $1::int) as rows_for_${ms}_ms`;
  return (value) => ({ text, values: [rows, value], answer: rows + value });
}

function sleep(ms: number): Make {
  const text = `select $1::int as value from pg_sleep(${ms / 1_000})`;
  return (value) => ({ text, values: [value], answer: value });
}
