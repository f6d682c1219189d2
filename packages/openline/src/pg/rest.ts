// Brings a client that came back to rest: what can't come to rest by itself, what is waited for, the transaction that was left open.

import { EventEmitter } from 'node:events';
import { type DriverClient, isBusy, isDead } from './driver.ts';

/** What a loan left behind on a client. */
export type Leftover =
  | 'an open transaction'
  | 'a failed transaction'
  | 'an open cursor'
  | 'an unfinished COPY';

/** The members by which pg-cursor, pg-query-stream and pg-copy-streams show how far they have come. */
interface Streaming {
  readonly state?: unknown;
  readonly read?: unknown;
  readonly _portal?: unknown;
  readonly cursor?: Streaming;
  readonly _pgDataHandler?: unknown;
  readonly _buffer?: unknown;
  readonly _gotCopyInResponse?: boolean;
  readonly writableEnded?: boolean;
  readonly destroyed?: boolean;
}

/** States of a cursor in which the server has been told that it is over. */
const cursorOver: readonly unknown[] = ['done', 'error'];

/** What is under way, or queued, and waits for whoever had the client: it would wait for ever. */
export function unfinished(client: DriverClient): { what: Leftover; query: object } | undefined {
  for (const query of [client._activeQuery, ...(client._queryQueue ?? [])]) {
    if (typeof query !== 'object' || query === null) continue;
    const streaming = query as Streaming;
    if (isOpenCursor(streaming.cursor ?? streaming)) return { what: 'an open cursor', query };
    if (isUnfinishedCopy(streaming)) return { what: 'an unfinished COPY', query };
  }
  return undefined;
}

/** Lets a stream die with its connection: an `error` event that nobody hears, since its user has left it, would end the process. */
export function abandon(query: object): void {
  if (query instanceof EventEmitter) query.on('error', () => undefined);
}

function isOpenCursor({ state, read, _portal }: Streaming): boolean {
  return _portal !== undefined && typeof read === 'function' && !cursorOver.includes(state);
}

function isUnfinishedCopy(copy: Streaming): boolean {
  // The one that reads keeps the socket's own reader, and lets go of its buffer when it has read all.
  if (copy._pgDataHandler !== undefined) return copy._buffer !== null;
  return copy._gotCopyInResponse !== undefined && !copy.writableEnded && !copy.destroyed;
}

/** Waits until nothing is under way, the client is dead, or nobody waits for it any more. */
export async function untilQuiet(client: DriverClient, signal: AbortSignal): Promise<void> {
  while (isBusy(client) && !signal.aborted && !isDead(client)) {
    await new Promise<void>((resolve) => {
      const end = (): void => {
        client.off('drain', end);
        client.off('end', end);
        signal.removeEventListener('abort', end);
        resolve();
      };
      client.once('drain', end);
      client.once('end', end);
      signal.addEventListener('abort', end);
    });
  }
}

/** The transaction that was left; a client that can't tell has none. */
export function transactionLeft(client: DriverClient): Leftover | undefined {
  const status = client.getTransactionStatus?.();
  if (status === undefined || status === null || status === 'I') return undefined;
  return status === 'E' ? 'a failed transaction' : 'an open transaction';
}

/** Runs one text. */
export function run(client: DriverClient, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    client.query(text, undefined, (error) => (error ? reject(error) : resolve()));
  });
}
