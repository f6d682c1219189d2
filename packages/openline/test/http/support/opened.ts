// A socket to an origin, opened as a pool would open it, to the end of its test.
import { onTestFinished } from 'vitest';
import { type OpenSocket, SocketSource } from '../../../src/http/socket.ts';
import type { SocketOptions } from '../../../src/http/socket-options.ts';
import { WatchedOpen } from '../../support/sockets.ts';

/** A socket, and what was told while it was opened. */
export interface Opened extends OpenSocket {
  readonly watched: WatchedOpen;
}

/** Opens a socket. */
export async function open(origin: string, options: SocketOptions = {}, onlyH1?: boolean): Promise<Opened> {
  const watched = new WatchedOpen();
  const source = new SocketSource(new URL(origin), options, 'neighbour');
  const opened = await source.open(watched, onlyH1 === undefined ? {} : { onlyH1 });
  onTestFinished(() => void opened.socket.destroy());
  return { watched, ...opened };
}
