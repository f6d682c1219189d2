// What the page knows: rows put together from what was sent.
import type { RowChanges } from '../frames.ts';

/** A table as it is now. */
export class Table<Row extends { readonly id: number }> {
  readonly rows: Map<number, Row> = new Map();

  apply(changes: RowChanges<Row>, whole: boolean): void {
    if (whole) this.rows.clear();
    for (const change of changes.changed ?? [])
      this.rows.set(change.id, { ...this.rows.get(change.id), ...change } as Row);
    for (const id of changes.gone ?? []) this.rows.delete(id);
  }
}
