// The phases of a PostgreSQL handshake, read off the events of a pg client and its sockets.
import type { EventEmitter } from 'node:events';
import { isIP } from 'node:net';
import type { Client } from 'pg';

const authenticationRequests = [
  'authenticationSASL',
  'authenticationMD5Password',
  'authenticationCleartextPassword',
];

/**
 * Calls `phase` as a client that is about to connect passes from `dns` (where there is a name to resolve) to `tcp`, `tls`,
 * `startup` and `authentication`. As in openline/pg, `tls` begins with the question whether the server speaks TLS, and the making
 * of the session is part of `authentication`.
 */
export function markHandshake(client: Client, phase: (name: string) => void): void {
  const { connection } = client as Client & { connection: EventEmitter & { stream: EventEmitter } };
  const isNamed = !client.host.startsWith('/') && isIP(client.host) === 0;
  phase(isNamed ? 'dns' : 'tcp');
  connection.stream.once('lookup', () => phase('tcp'));
  connection.once('connect', () => phase(client.ssl ? 'tls' : 'startup'));
  connection.once('sslconnect', () => connection.stream.once('secureConnect', () => phase('startup')));
  for (const request of authenticationRequests) connection.once(request, () => phase('authentication'));
}
