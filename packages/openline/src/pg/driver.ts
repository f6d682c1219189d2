// What Openline needs of a pg client, as a structure: pg's own, the native one, or whatever the `Client` option names.

import type { EventEmitter } from 'node:events';
import pg, { type PoolClient } from 'pg';

/** The socket of a connection, plain or TLS. */
export interface DriverStream extends EventEmitter {
  destroy(error?: Error): void;
  write(bytes: Uint8Array): boolean;
  readonly writableLength: number;
  readonly bytesRead: number;
}

/** A pg connection, below its client. */
export interface DriverConnection extends EventEmitter {
  readonly stream: DriverStream;
  /** The prepared statements of this session by name: their texts. */
  readonly parsedStatements?: Record<string, string | undefined>;
  /** Of those that are being prepared. */
  readonly submittedNamedStatements?: Record<string, string | undefined>;
  flush(): void;
  query(text: string, ...more: unknown[]): void;
  parse(statement: { readonly text: string; readonly name?: string }, ...more: unknown[]): void;
  bind(portal: { readonly statement?: string | undefined }, ...more: unknown[]): void;
  close(what: { type: 'S'; name: string }): void;
  /** The TLS options that the handshake will use. */
  ssl?: unknown;
  sslNegotiation?: string;
}

/** A pg client as the pool sees it. The underscored members are pg's own, read and never written; any of them may be missing. */
export interface DriverClient extends EventEmitter {
  connect(callback: (error: Error | null | undefined) => void): void;
  query(text: unknown, values?: unknown, callback?: (error: Error | null, result: unknown) => void): unknown;
  end(callback: () => void): void;
  ref?(): void;
  unref?(): void;
  getTransactionStatus?(): string | null;
  readonly host?: string;
  readonly port?: number;
  readonly ssl?: unknown;
  /** The server's number for the session, and what it wants to hear before it cancels what runs there. */
  readonly processID?: number | null;
  readonly secretKey?: unknown;
  sslNegotiation?: string;
  readonly connectionParameters?: { readonly sslnegotiation?: string; query_timeout?: unknown };
  /** Whether statements are written before earlier ones are answered; may be changed while nothing is under way. */
  pipeline?: boolean;
  readonly connection?: DriverConnection;
  readonly readyForQuery?: boolean;
  readonly _queryable?: boolean;
  readonly _ending?: boolean;
  readonly _activeQuery?: unknown;
  /** The names that the native client has prepared. */
  readonly namedQueries?: Record<string, unknown>;
  readonly _queryQueue?: readonly unknown[];
  readonly _sentQueryQueue?: readonly unknown[];
}

/** pg's own class of a column's description. */
export interface Field {
  readonly name: string;
  readonly tableID: number;
  readonly columnID: number;
  readonly dataTypeID: number;
  readonly dataTypeSize: number;
  readonly dataTypeModifier: number;
  readonly format: string;
}

/** What pg's own result makes its rows from: written here as the driver writes it, and only where that was seen to be so. */
export interface DriverResult {
  fields: readonly Field[];
  _parsers: readonly unknown[] | undefined;
  _prebuiltEmptyResultObject: object | null;
  /** The client's own, or the statement's: there from the client's `query` on. */
  readonly _types: { getTypeParser(oid: number, format: string): unknown };
}

/** pg's own statement, below its client's `query`: what its protocol handlers are called and what they keep. */
export interface DriverQuery {
  readonly text: string;
  values: readonly unknown[] | undefined;
  name: string | undefined;
  queryMode: string | undefined;
  callback: QueryCallback | undefined;
  readonly _result: DriverResult;
  readonly _results: unknown;
  _canceledDueToError: unknown;
  handleRowDescription(message: unknown): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, connection: DriverConnection): void;
  handleError(error: unknown, connection: DriverConnection): void;
  handleReadyForQuery(connection: DriverConnection): void;
  submit(connection: DriverConnection): Error | null;
  prepare(connection: DriverConnection): void;
  _getRows(connection: DriverConnection, rows: unknown): void;
}

/** The class of pg's statements; the only ones that pg lets into a pipeline. */
export const DriverQuery: new (config: object | string) => DriverQuery = pg.Query as unknown as new (
  config: object | string,
) => DriverQuery;

/** A value as pg writes it. */
export const prepareValue: (value: unknown) => unknown = (
  pg as unknown as { utils: { prepareValue: (value: unknown) => unknown } }
).utils.prepareValue;

/** A client that can be written to before its earlier statements are answered. */
export type PipelinedClient = DriverClient & { readonly connection: DriverConnection; pipeline: boolean };

/** pg's own client, from the version on that can pipeline; not the native one, and none of the user's own making. */
export function canPipeline(client: DriverClient): client is PipelinedClient {
  return (
    client instanceof pg.Client && client.connection !== undefined && typeof client.pipeline === 'boolean'
  );
}

/** What a query's callback is given. */
export type QueryCallback = (error: Error | null | undefined, result?: unknown) => void;

/** The class of the clients. */
export type DriverClientClass = new (config: object) => DriverClient;

/** The client as the pool's users know it. */
export function asPoolClient(client: DriverClient): PoolClient {
  return client as unknown as PoolClient;
}

/** Whether statements are under way on the client, or queued in it. */
export function isBusy(client: DriverClient): boolean {
  // After an error the server's ReadyForQuery is still to come, though no statement is active.
  return (
    client.readyForQuery === false ||
    Boolean(client._activeQuery) ||
    (client._queryQueue?.length ?? 0) > 0 ||
    (client._sentQueryQueue?.length ?? 0) > 0
  );
}

/** The text of the statement that the server is at work on, if the driver knows one. */
export function textUnderWay(client: DriverClient): string | undefined {
  const query = client._activeQuery ?? client._sentQueryQueue?.[0];
  const text = (query as { readonly text?: unknown } | undefined)?.text;
  return typeof text === 'string' ? text : undefined;
}

/** Whether the client takes no statements any more. */
export function isDead(client: DriverClient): boolean {
  return client._queryable === false || client._ending === true;
}

/** A Submittable that brings a callback of its own keeps it: the driver would call that one alone. */
export function withAnswer(query: unknown, answer: QueryCallback): unknown {
  const submittable = query as { submit?: unknown; callback?: unknown } | null | undefined;
  const own = submittable?.callback;
  if (typeof own !== 'function' || typeof submittable?.submit !== 'function') return query;
  submittable.callback = (...args: Parameters<QueryCallback>) => {
    answer(...args);
    own.apply(submittable, args);
  };
  return query;
}
