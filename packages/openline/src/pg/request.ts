// What one caller asks of the pool, in any of pg's forms: checked, its values made ready to be written, more than once if need be.

import type { Moment } from '../core/index.ts';
import { prepareValue } from './driver.ts';
import type { Claim } from './line.ts';
import type { Profile } from './statements.ts';

/** The limits of one query; what is not given is the pool's. */
export interface QueryLimits {
  /** Silence of the server while the statement is under way, in milliseconds, above 0. Given here it strikes without a question to the server. */
  readonly readTimeoutMs?: number | undefined;
  /** The longest a statement may run, in milliseconds, above 0; it is then cancelled on the server. */
  readonly statementTimeoutMs?: number | undefined;
  /** Aborts the wait for a connection, or cancels the statement on the server. */
  readonly signal?: AbortSignal | undefined;
}

/** A query as pg takes it: everything that can be sent as one statement, and be sent again. */
export interface QueryConfig extends QueryLimits {
  readonly text: string;
  readonly values?: unknown[] | undefined;
  readonly name?: string | undefined;
  readonly rowMode?: string | undefined;
  readonly types?: unknown;
  readonly queryMode?: string | undefined;
  readonly query_timeout?: number | undefined;
}

/** A caller's statement, apart from any connection. */
export interface Request extends Claim {
  readonly config: QueryConfig;
  readonly values: unknown[] | undefined;
  readonly profile: Profile;
  /** When it was asked. */
  readonly began: Moment;
  /** When it was first sent: its limits count from there, however often it is sent again. */
  sentAt: Moment | undefined;
  /** Times it was sent again, for any reason. */
  resent: number;
  /** It stood behind a statement that did not end, and was sent elsewhere: once. */
  moved: boolean;
  /** Its prepared name was refused: this time it goes without. */
  unnamed: boolean;
}

/** A number, a boolean, and what surrounds a value. */
const fewBytes = 8;

/** Members of a config that only pg itself can make sense of. */
const foreign = ['submit', 'rows', 'portal', 'binary', 'callback'];

/** The config of a plain statement; nothing for what only the driver understands, or complains of. */
export function plainConfig(query: unknown, values: unknown): QueryConfig | undefined {
  if (typeof query === 'string') {
    if (query === '' || !isValues(values)) return undefined;
    return { text: query, values: (values ?? undefined) as unknown[] | undefined };
  }
  if (typeof query !== 'object' || query === null) return undefined;
  const config = query as QueryConfig;
  if (typeof config.text !== 'string' || config.text === '') return undefined;
  for (const member of foreign) {
    if ((config as unknown as Record<string, unknown>)[member]) return undefined;
  }
  if (!isValues(values) || !isValues(config.values)) return undefined;
  return values ? { ...config, values: values as unknown[] } : config;
}

/** About as many bytes as a statement takes on its way. */
export function bytesOf({ text }: QueryConfig, values: readonly unknown[] | undefined): number {
  let bytes = text.length;
  if (values === undefined) return bytes;
  for (const value of values) {
    bytes += typeof value === 'string' || value instanceof Uint8Array ? value.length : fewBytes;
  }
  return bytes;
}

function isValues(values: unknown): boolean {
  return values === undefined || values === null || Array.isArray(values);
}

/**
 * The values as they are written: the user's own code in them (`toPostgres`, `toJSON`) runs here, before anything is sent.
 *
 * @throws what that code throws.
 */
export function writableValues(values: unknown[] | null | undefined): unknown[] | undefined {
  if (values === undefined || values === null) return undefined;
  for (const value of values) {
    if (typeof value === 'object' && value !== null) return values.map((each) => prepareValue(each));
  }
  return values;
}
