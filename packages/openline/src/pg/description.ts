// What the rows of a prepared statement look like: kept with its name, so that the server need not say it each time.

import type { DriverResult, Field } from './driver.ts';

type FieldClass = new (
  name: string,
  tableID: number,
  columnID: number,
  dataTypeID: number,
  dataTypeSize: number,
  dataTypeModifier: number,
  format: string,
) => Field;

/** The columns of a statement's rows. */
export class Description {
  /** Of a statement that returns no rows. */
  static readonly none: Description = new Description([]);

  readonly #fields: readonly Field[];
  /** Each row begins as a copy of it. */
  readonly #emptyRow: object;

  private constructor(fields: readonly Field[]) {
    this.#fields = fields;
    this.#emptyRow = Object.fromEntries(fields.map(({ name }) => [name, null]));
  }

  /** What the driver has understood of the server's description; nothing where it keeps it in a way of its own. */
  static of({ fields, _parsers, _prebuiltEmptyResultObject }: DriverResult): Description | undefined {
    if (!fields.every(isUnderstood) || _parsers?.length !== fields.length) return undefined;
    // The user may change those of the result.
    const description = new Description(fields.map(copyOf));
    const isSame = sameKeys(description.#emptyRow, _prebuiltEmptyResultObject ?? {});
    return isSame ? description : undefined;
  }

  /** Describes the rows of a result, as the driver does: at a fraction of the price, and with parsers as they are now. */
  describe(result: DriverResult): void {
    const types = result._types;
    result.fields = this.#fields.map(copyOf);
    result._parsers = this.#fields.map(({ dataTypeID, format }) =>
      types.getTypeParser(dataTypeID, format || 'text'),
    );
    result._prebuiltEmptyResultObject = this.#emptyRow;
  }
}

function copyOf(field: Field): Field {
  const { name, tableID, columnID, dataTypeID, dataTypeSize, dataTypeModifier, format } = field;
  return new (field.constructor as FieldClass)(
    name,
    tableID,
    columnID,
    dataTypeID,
    dataTypeSize,
    dataTypeModifier,
    format,
  );
}

function isUnderstood(field: Field): boolean {
  const copy = copyOf(field);
  const keys = Object.keys(field) as (keyof Field)[];
  return sameKeys(field, copy) && keys.every((key) => copy[key] === field[key]);
}

function sameKeys(one: object, other: object): boolean {
  return Object.keys(one).join('\n') === Object.keys(other).join('\n');
}
