// What the benches ask of any way to reach an HTTP server: a request, and the whole body of its answer as text.

export type HttpAccess = {
  readonly origin: string;
  /** The authority to trust, PEM. */
  readonly ca: string;
  /** Connections that it may have. */
  readonly max: number;
};

export interface HttpClient {
  get(path: string): Promise<string>;
  /** Sends a JSON text; only where the contender enters a race of POSTs. */
  post?(path: string, body: string): Promise<string>;
  close(): Promise<void>;
}

export type CreateHttpClient = (access: HttpAccess) => HttpClient;
