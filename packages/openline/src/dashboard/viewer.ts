// One who looks: a stream of server-sent events that is cut off when it is not read.

import type { ServerResponse } from 'node:http';
import { beginStream } from './answers.ts';

/** What may wait to be read, in bytes, beyond what the sockets hold; more only where the first frame is large itself. */
const mostUnread = 1 << 20;

/** A server-sent event, ready to be written to any number of viewers. */
export function asEvent(name: string, data: object): Buffer {
  return Buffer.from(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
}

/** So that whatever stands between does not take silence for an end. */
export const heartbeat: Buffer = Buffer.from(': still here\n\n');

/** One viewer. */
export class Viewer {
  readonly #response: ServerResponse;
  /** The name of the pool that it looks at closely; `undefined`: the first. */
  readonly poolName: string | undefined;
  /** When its cookie ends, on the wall's clock. */
  readonly until: number;
  /** The number of the pool of which it was told all: changes of another would mean nothing to it. */
  knows: number | undefined;
  #mostUnread = mostUnread;

  constructor(
    response: ServerResponse,
    poolName: string | undefined,
    until: number,
    gone: (viewer: Viewer) => void,
  ) {
    this.#response = response;
    this.until = until;
    this.poolName = poolName;
    response.on('close', () => gone(this));
    // A broken stream is an end like any other, and 'close' tells of it.
    response.on('error', () => {});
    beginStream(response);
  }

  /** Sends the first frame, however large: a viewer that is cut off for it would come back for the same one. */
  begin(whole: Buffer): void {
    this.#mostUnread = Math.max(mostUnread, 2 * whole.length);
    this.#response.write(whole);
  }

  /** Sends, unless too much is unread: then the viewer is cut off, and comes back for a whole frame when it reads again. */
  send(...events: Buffer[]): void {
    const bytes = events.reduce((sum, { length }) => sum + length, 0);
    if (this.#response.writableLength + bytes > this.#mostUnread) {
      this.#response.destroy();
      return;
    }
    for (const event of events) this.#response.write(event);
  }

  end(): void {
    this.#response.end();
  }
}
