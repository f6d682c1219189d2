// What a fault's callers ask of a contender.

export interface Access {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly max: number;
  /** The name that the server lists its sessions under. */
  readonly application: string;
}

export interface FaultPool {
  /** Runs a statement with one parameter; resolves to the `token` of the one row that came back. */
  query(text: string, token: string): Promise<unknown>;
}

/** What a contender's module exports as `create`. */
export type CreateFaultPool = (access: Access, options: Readonly<Record<string, number>>) => FaultPool;
