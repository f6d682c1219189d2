// Opens an HTTP/2 session on a socket: what it allows the peer, and the wait for what the peer allows.

import { type ClientHttp2Session, connect } from 'node:http2';
import type { Socket } from 'node:net';
import { fieldOverhead } from './h2-fields.ts';

/** Of each response as much may be on its way, in bytes: what a reader who pauses makes this process keep, at most. */
const streamWindow = 256 * 1024;
/** Of all of them together. */
const connectionWindow = 4 * 1024 * 1024;
/** Node turns responses away when their heads and streams need more, in megabytes: it suffices for a thousand heads of 64 KiB at once. */
const sessionMemory = 80;

/**
 * Begins a session. The peer has said nothing yet; see {@link settled}.
 *
 * @param maxHeaderSize - what one head may have, in bytes
 */
export function beginSession(socket: Socket, origin: string, maxHeaderSize: number): ClientHttp2Session {
  const session = connect(origin, {
    createConnection: () => socket,
    settings: { enablePush: false, initialWindowSize: streamWindow, maxHeaderListSize: maxHeaderSize },
    maxSessionMemory: sessionMemory,
    maxHeaderListPairs: Math.ceil(maxHeaderSize / fieldOverhead),
    maxOutstandingPings: 1,
  });
  session.setLocalWindowSize(connectionWindow);
  return session;
}

/** Resolves when the peer has said what it allows: its first frame (RFC 9113, 3.4). Rejects when the session ends before, or is given up. */
export function settled(session: ClientHttp2Session, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onSettings = (): void => end(resolve);
    const onError = (error: Error): void => end(() => reject(error));
    const onClose = (): void => end(() => reject(new Error('it closed the connection')));
    const onAbort = (): void => end(() => reject(signal?.reason));
    const end = (settle: () => void): void => {
      session.off('remoteSettings', onSettings);
      session.off('error', onError);
      session.off('close', onClose);
      signal?.removeEventListener('abort', onAbort);
      settle();
    };
    session.on('remoteSettings', onSettings);
    session.on('error', onError);
    session.on('close', onClose);
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted) onAbort();
  });
}
