// Waiting for a socket: until it is ready, fails, or nobody wants it any more.

import type { Socket } from 'node:net';

/** A socket whose error nobody hears ends the process. */
export const unheard = (): void => undefined;

/**
 * Resolves when `socket` emits `event`. When it fails or closes before, or `signal` aborts, the socket is destroyed, and the promise rejects
 * with the error or the signal's reason. Nothing of the wait is left on either; the socket must have {@link unheard} on it.
 */
export function settled(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      socket.off(event, ready).off('error', fail).off('close', closed);
      signal.removeEventListener('abort', abort);
    };
    const ready = (): void => {
      end();
      resolve();
    };
    const fail = (error: unknown): void => {
      end();
      socket.destroy();
      reject(error);
    };
    const closed = (): void =>
      fail(
        Object.assign(new Error('the peer closed the connection before it was ready'), {
          code: 'ECONNRESET',
        }),
      );
    const abort = (): void => fail(signal.reason);
    if (signal.aborted) {
      abort();
      return;
    }
    socket.on(event, ready).on('error', fail).on('close', closed);
    signal.addEventListener('abort', abort, { once: true });
  });
}
