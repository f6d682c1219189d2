// The rows of one statement, some at a time, from a cursor on a connection of its own.

import type { PoolClient, QueryResultRow } from 'pg';
import { InvalidOptionsError, type Lease } from '../core/index.ts';

/** Options of a stream. */
export interface StreamOptions {
  /** Rows that are fetched at a time. Default 100, a whole number from 1. */
  readonly batchSize?: number;
  /** Ends the stream with the signal's reason; while rows are being fetched, the connection is closed. */
  readonly signal?: AbortSignal | undefined;
}

const cursor = 'openline_stream';

/** How a stream acquires its connection. */
export type AcquireForStream = (options: { signal?: AbortSignal | undefined }) => Promise<Lease<PoolClient>>;

/** Checks the options of a stream when it is asked for, not at its first row. */
export function checkStream(poolName: string, { batchSize = 100 }: StreamOptions): number {
  if (Number.isInteger(batchSize) && batchSize >= 1) return batchSize;
  throw new InvalidOptionsError(poolName, [
    { option: 'batchSize', problem: `is ${String(batchSize)}: give a whole number from 1` },
  ]);
}

/** Yields row after row, and gives the connection back however the loop ends. */
export async function* streamRows<Row extends QueryResultRow>(
  acquire: AcquireForStream,
  text: string,
  values: unknown[] | undefined,
  batchSize: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Row, void, undefined> {
  const lease = await acquire({ signal });
  const client = lease.connection;
  const abort = (): void => lease.discard(signal?.reason);
  try {
    await client.query('begin read only');
    await client.query({ text: `declare ${cursor} no scroll cursor for ${text}`, values: values ?? [] });
    for (;;) {
      signal?.throwIfAborted();
      signal?.addEventListener('abort', abort, { once: true });
      const { rows } = await client.query<Row>(`fetch ${batchSize} from ${cursor}`);
      signal?.removeEventListener('abort', abort);
      for (const row of rows) {
        yield row;
        signal?.throwIfAborted();
      }
      if (rows.length < batchSize) return;
    }
  } catch (error) {
    throw signal?.aborted ? signal.reason : error;
  } finally {
    signal?.removeEventListener('abort', abort);
    // What ends the transaction ends the cursor; where it fails the connection is dead, or is put in order when it comes back.
    if (!lease.ended) {
      await client.query('commit').catch(() => undefined);
      lease.release();
    }
  }
}
