// A scripted life of a pool, whose figures are known at every moment.
import type { Pool } from 'openline';
import type { FakeConnection } from 'openline/testing';
import { ask, type Kit, setUp } from '../core/kit.ts';

/** A pool of 2 whose opens take 40 ms. */
export function orders(name = 'orders'): Kit {
  return setUp({
    name,
    max: 2,
    min: 1,
    acquireTimeoutMs: 300,
    connector: { open: 'slow', slowMs: 40, validate: 'none' },
  });
}

/** The moment of a life at which a look is taken. */
export interface Moments {
  /** One connection is being opened for one caller; nothing is open yet. */
  connecting?(): void | Promise<void>;
  /** Both connections are lent and two callers wait. */
  full?(): void | Promise<void>;
  /** One of the two waited for 300 ms in vain, the other got its connection; one is lent, the other idle. */
  calm?(): void | Promise<void>;
}

/**
 * What happens: an open for `min`; two leases, the second one with an open of its own; two callers who wait, one until its deadline.
 * Waits, in milliseconds: 40, 40, 100; uses: 400 and 100. The lease that was waited for lasts on.
 */
export async function live(kit: Kit, moments: Moments): Promise<Pool<FakeConnection>> {
  const { clock, pool } = kit;
  const first = ask(kit);
  const second = ask(kit);
  await clock.settle();
  await moments.connecting?.();
  await clock.advance(40);
  const patient = ask(kit, { timeoutMs: 1_000 });
  const impatient = ask(kit);
  await clock.settle();
  await moments.full?.();
  await clock.advance(100);
  second.value.release();
  await clock.advance(300);
  first.value.release();
  await moments.calm?.();
  patient.value.release();
  if (impatient.state !== 'rejected') throw new Error('the impatient caller should have been refused');
  return pool;
}
