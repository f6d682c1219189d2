// Clients that do not come back: told of with their place, and taken back where the pool is asked to.

import { Pool } from 'openline/pg';
import type { PoolClient } from 'pg';
import { expect, test, vi } from 'vitest';
import { collectedUntil } from '../core/collection.ts';
import { captureEveryPlace } from '../support/every-place.ts';
import { ended } from '../support/pools.ts';
import { givenPostgres } from '../support/postgres.ts';

const database = givenPostgres();

test('with onLeak "reclaim" a client held for too long is closed, and its release is forgiven', async () => {
  captureEveryPlace();
  const leaseOverdue = vi.fn();
  const pool = ended(
    new Pool(
      database.config({
        max: 1,
        leakThresholdMs: 200,
        onLeak: 'reclaim' as const,
        observers: [{ leaseOverdue }],
      }),
    ),
  );
  const client = await pool.connect();
  client.on('error', () => undefined);
  const { rows } = await pool.query('select 42 as answer');
  expect(rows).toEqual([{ answer: 42 }]);
  expect(leaseOverdue).toHaveBeenCalledOnce();
  expect(leaseOverdue.mock.calls[0]![0].place).toContain('leaks.test.ts');
  await expect(client.query('select 1')).rejects.toThrow();
  client.release();
  client.release(new Error('of the user'));
  expect(pool.stats().totals.closed).toEqual({ leaked: 1 });
  expect((await pool.query('select 43 as answer')).rows).toEqual([{ answer: 43 }]);
});

test('a client that is dropped is overdue, and never proven to be lost: its socket has it', async () => {
  let overdue = 0;
  let leaked = 0;
  const observers = [{ leaseOverdue: () => void overdue++, leaseLeaked: () => void leaked++ }];
  const pool = ended(new Pool(database.config({ max: 1, leakThresholdMs: 200, observers })));
  let client: WeakRef<PoolClient> | undefined;
  await (async () => {
    client = new WeakRef(await pool.connect());
  })();
  await vi.waitFor(() => expect(overdue).toBe(1), { timeout: 10_000 });
  expect(await collectedUntil(() => leaked > 0)).toBe(false);
  client!.deref()!.release();
});
