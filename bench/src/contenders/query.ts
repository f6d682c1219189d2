// What the benches ask of any way to reach PostgreSQL: a statement, through the pool or on a leased client, or a connection.

export type PostgresAccess = {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly ssl: { readonly ca: string } | false;
  readonly max: number;
};

export type Ask = (text: string, values: number[]) => Promise<number>;

export type Close = () => Promise<void>;

export interface Connecting {
  /** Opens a connection, or takes one from the pool; resolves to what closes it. */
  open(): Promise<Close>;
  close(): Promise<void>;
}

export interface QueryPool extends Connecting {
  /** A statement through the pool; resolves to the `value` of the one row that came back. */
  query: Ask;
  /** The same on a client that is acquired for it and released after it, where there is such a thing. */
  onClient?: Ask;
}

export type Create<T> = (access: PostgresAccess) => T;
export type CreateQueryPool = Create<QueryPool>;
