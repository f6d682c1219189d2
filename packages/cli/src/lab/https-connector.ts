// Opens an HTTPS connection for undici and tells of its phases.
import type { Socket } from 'node:net';
import { buildConnector } from 'undici';

/**
 * A connector that verifies the server with `ca`, and calls `phase` with `tcp`, `tls` and `call` when the name is resolved, the
 * socket connected, and the handshake done. It keeps TLS sessions for its own connections only.
 */
export function httpsConnector(
  ca: string,
  phase: (name: 'tcp' | 'tls' | 'call') => void,
): buildConnector.connector {
  const connect = buildConnector({ ca });
  return (options, callback) => {
    // It returns the socket; its type does not say so.
    const socket = connect(options, callback) as unknown as Socket;
    socket.once('lookup', () => phase('tcp'));
    socket.once('connect', () => phase('tls'));
    socket.once('secureConnect', () => phase('call'));
    return socket;
  };
}
