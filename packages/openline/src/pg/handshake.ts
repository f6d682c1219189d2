// The phases of a PostgreSQL handshake, read off the driver's own events.

import { isIP } from 'node:net';
import type { OpenContext } from '../core/index.ts';
import type { DriverClient } from './driver.ts';

/** Authentication begins with the server's request; its end and the session's creation arrive together and cannot be told apart. */
const authenticationRequests = [
  'authenticationSASL',
  'authenticationMD5Password',
  'authenticationCleartextPassword',
];

/** Marks the phases `dns`, `tcp`, `tls`, `startup` and `authentication` as a client that is about to connect passes them. */
export function watchHandshake(client: DriverClient, context: OpenContext): void {
  const { connection } = client;
  const host = client.host ?? 'localhost';
  const isSocketFile = host.startsWith('/');
  context.address(isSocketFile ? `${host}/.s.PGSQL.${client.port}` : `${host}:${client.port}`);
  if (connection === undefined) {
    context.phase('connect');
    return;
  }
  const named = !isSocketFile && isIP(host) === 0;
  context.phase(named ? 'dns' : 'tcp');
  if (named) connection.stream.once('lookup', (error: unknown) => error ?? context.phase('tcp'));
  connection.once('connect', () => context.phase(client.ssl ? 'tls' : 'startup'));
  connection.once('sslconnect', () =>
    connection.stream.once('secureConnect', () => context.phase('startup')),
  );
  for (const request of authenticationRequests)
    connection.once(request, () => context.phase('authentication'));
}
