// Ends a socket with a TCP reset, whatever state the socket is in.
import type { Socket } from 'node:net';

/**
 * Destroys `socket` with RST where TCP allows it; one that is still connecting is destroyed silently.
 *
 * While a FIN is on its way to the kernel `resetAndDestroy()` fails with EINVAL and leaks the handle
 * (seen on Node 20 and 24), so the reset waits for the FIN then.
 */
export function resetSocket(socket: Socket): void {
  if (socket.destroyed) return;
  if (socket.connecting) {
    socket.destroy();
  } else if (socket.writableEnded && !socket.writableFinished && socket.writableLength === 0) {
    socket.once('finish', () => resetSocket(socket));
  } else {
    socket.resetAndDestroy();
  }
}
