// HTTP servers in a process of their own.

import { type Child, startChild } from './child.ts';

const SERVERS: URL = new URL('./http-servers.js', import.meta.url);

/** What a server speaks: HTTP/1.1 over TCP, HTTP/1.1 over TLS, HTTP/2 alone over TLS. */
export type Line = 'http' | 'https' | 'h2';

export type HttpOffer = {
  readonly origins: Readonly<Record<Line, string>>;
  /** The authority that signed the servers' certificate, PEM. */
  readonly ca: string;
};

export function startHttpServers(): Promise<Child<HttpOffer>> {
  return startChild('HTTP servers', SERVERS);
}
