// What leads a contender to its HTTP server, and what its callers ask for.

export interface HttpAccess {
  readonly origin: string;
  /** The authority to trust, PEM, where the server speaks TLS. */
  readonly ca: string | undefined;
  readonly max: number;
}

/** A request, and what is done with its answer. `unread`: its body is kept, and never read. */
export type Wish = 'GET' | 'POST' | 'fetch' | 'unread' | 'unread by fetch';

/** The path that a token is asked for by: the server tells it again. */
export const pathOf = (token: string): string => `/${token}`;
