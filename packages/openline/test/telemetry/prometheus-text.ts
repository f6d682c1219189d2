// Reads the text format of Prometheus, and refuses what Prometheus would.

/** What a scrape brought. */
export interface Scrape {
  /** The type of each metric. */
  readonly types: Record<string, string>;
  /** Each value by its name and labels as they stand. */
  readonly values: Record<string, number>;
}

const sample =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\[\\"n])*",?)*\})? (\S+)$/;

/** @throws Error for a line that is not in the format, a value without a type, or one that comes twice. */
export function parseText(text: string): Scrape {
  const types: Record<string, string> = {};
  const values: Record<string, number> = {};
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ')) continue;
    const [, typed, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (typed !== undefined && type !== undefined) {
      types[typed] = type;
      continue;
    }
    const [, name, labels = '', value] = sample.exec(line) ?? [];
    if (name === undefined) throw new Error(`not in the text format: ${line}`);
    if (types[name] === undefined && types[name.replace(/_(?:bucket|sum|count)$/, '')] !== 'histogram')
      throw new Error(`a value without a type: ${line}`);
    if (`${name}${labels}` in values) throw new Error(`a value that comes twice: ${line}`);
    values[`${name}${labels}`] = Number(value);
  }
  return { types, values };
}
