// What leads a contender to its PostgreSQL server.

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
