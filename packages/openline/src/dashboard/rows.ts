// What has changed between two looks at the same table.

import type { RowChanges } from './frames.ts';

/** A table that remembers how it looked last. */
export class Rows<Row extends { readonly id: number }> {
  #known = new Map<number, Row>();

  /** The rows as they looked last. */
  get all(): Iterable<Row> {
    return this.#known.values();
  }

  /** Every row, as one who knows none must be told. */
  whole(): RowChanges<Row> {
    return { changed: [...this.#known.values()] };
  }

  /** Takes the rows of now; nothing has changed where it returns nothing. */
  update(rows: readonly Row[]): RowChanges<Row> | undefined {
    const before = this.#known;
    const now = new Map<number, Row>();
    const changed: (Partial<Row> & { id: number })[] = [];
    for (const row of rows) {
      now.set(row.id, row);
      const known = before.get(row.id);
      const difference = known === undefined ? row : differenceOf(known, row);
      if (difference !== undefined) changed.push(difference);
    }
    this.#known = now;
    const gone = [...before.keys()].filter((id) => !now.has(id));
    if (changed.length === 0 && gone.length === 0) return undefined;
    return { ...(changed.length > 0 && { changed }), ...(gone.length > 0 && { gone }) };
  }
}

function differenceOf<Row extends { readonly id: number }>(
  known: Row,
  row: Row,
): (Partial<Row> & { id: number }) | undefined {
  let difference: (Partial<Row> & { id: number }) | undefined;
  for (const key of Object.keys(row) as (keyof Row)[]) {
    if (row[key] === known[key]) continue;
    difference ??= { id: row.id } as Partial<Row> & { id: number };
    (difference as Row)[key] = row[key];
  }
  return difference;
}
