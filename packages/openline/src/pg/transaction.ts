// A transaction on one client: begun, committed, or rolled back, however the work in it ends.

import type { PoolClient } from 'pg';
import { InvalidOptionsError } from '../core/index.ts';

/** Options of a transaction; what is not given is the server's default. */
export interface TransactionOptions {
  readonly isolation?: 'read uncommitted' | 'read committed' | 'repeatable read' | 'serializable';
  readonly readOnly?: boolean;
  /** Waits for a snapshot that cannot fail; only for serializable, read-only transactions. */
  readonly deferrable?: boolean;
}

const isolations: readonly unknown[] = [
  'read uncommitted',
  'read committed',
  'repeatable read',
  'serializable',
];

function beginText(poolName: string, { isolation, readOnly, deferrable }: TransactionOptions): string {
  if (isolation !== undefined && !isolations.includes(isolation)) {
    throw new InvalidOptionsError(poolName, [
      { option: 'isolation', problem: `is not known: give one of ${isolations.join(', ')}` },
    ]);
  }
  const modes = [
    isolation === undefined ? '' : `isolation level ${isolation}`,
    readOnly === undefined ? '' : readOnly ? 'read only' : 'read write',
    deferrable === undefined ? '' : deferrable ? 'deferrable' : 'not deferrable',
  ].filter((mode) => mode !== '');
  return ['begin', modes.join(', ')].join(' ').trim();
}

/** Runs `work` between BEGIN and COMMIT; when it throws, rolls back and throws the same. */
export async function runTransaction<T>(
  poolName: string,
  client: PoolClient,
  work: (client: PoolClient) => T | Promise<T>,
  options: TransactionOptions,
): Promise<T> {
  await client.query(beginText(poolName, options));
  let result: T;
  try {
    result = await work(client);
  } catch (error) {
    // Where this fails too, the connection is dead or its release rolls back: the work's own error is the one to tell.
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
  const { command } = await client.query('commit');
  if (command === 'ROLLBACK') {
    throw new Error(
      'the transaction was rolled back at its commit: a statement in it had failed and its error was not passed on',
    );
  }
  return result;
}
