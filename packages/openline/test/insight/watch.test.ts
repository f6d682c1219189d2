// The watch over a pool: a snapshot a second, bounded, and nothing left when it ends.
import { createPool } from 'openline';
import { PoolWatch, snapshotOf } from 'openline/insight';
import { Pool } from 'openline/pg';
import { FakeConnector, ManualClock } from 'openline/testing';
import { expect, it } from 'vitest';

function watched() {
  const clock = new ManualClock();
  const connector = new FakeConnector({ clock });
  const pool = createPool(connector, { clock, name: 'orders', max: 2 });
  return { clock, connector, pool, watch: new PoolWatch(pool, clock) };
}

it('takes a snapshot a second and keeps a minute of them', async () => {
  const { clock, watch, pool } = watched();
  expect(watch.snapshots.length).toBe(1);
  await clock.advance(10_000);
  expect(watch.snapshots.length).toBe(11);
  await clock.advance(100_000);
  expect(watch.snapshots.length).toBe(60);
  watch.stop();
  await pool.close();
});

it('leaves no timer behind, and none of its timers keeps the process alive', async () => {
  const { clock, watch } = watched();
  expect(clock.pending.map(({ keepsAlive }) => keepsAlive)).toEqual([false, false]);
  watch.stop();
  expect(clock.pending).toEqual([]);
});

it('measures how long the event loop stood still', async () => {
  const { clock, watch } = watched();
  await clock.advance(1_000);
  clock.jump(700);
  await clock.advance(1_000);
  const blocked = watch.snapshots.reduce((sum, { loop }) => sum + loop.blockedMs, 0);
  expect(blocked).toBeGreaterThan(600);
  expect(blocked).toBeLessThan(750);
  watch.stop();
});

it('tells each of several watches of one clock what it did not know yet, and what came before it to none', async () => {
  const { clock, pool, watch } = watched();
  clock.jump(520);
  const late = new PoolWatch(pool, clock);
  await clock.advance(1_000);
  clock.jump(330);
  await clock.advance(1_000);
  const blockedIn = ({ snapshots }: PoolWatch): number =>
    Math.round(snapshots.reduce((sum, { loop }) => sum + loop.blockedMs, 0) / 100) * 100;
  expect([blockedIn(watch), blockedIn(late)]).toEqual([800, 300]);
  watch.stop();
  clock.jump(300);
  await clock.advance(1_000);
  expect(blockedIn(late)).toBe(600);
  late.stop();
  expect(clock.pending).toEqual([]);
  await pool.close();
});

it('is asked without disturbing its history', async () => {
  const { clock, watch } = watched();
  await clock.advance(2_000);
  const before = watch.snapshots.length;
  for (let time = 0; time < 100; time++) expect(watch.diagnose().verdict).toBe('healthy');
  expect(watch.snapshots.length).toBe(before);
  watch.stop();
});

it('holds the phase of an open under way, and who holds what', async () => {
  const { clock, connector, pool, watch } = watched();
  connector.next('open', 'ok', 'never');
  const lease = await pool.acquire();
  const second = pool.acquire({ timeoutMs: 400 }).catch(() => undefined);
  connector.opens[1]?.context.phase('tls');
  await clock.advance(300);
  const { opens, holders, leased } = snapshotOf(pool, clock.now());
  expect(leased).toBe(1);
  expect(opens).toEqual([{ ageMs: 300, phase: 'tls', address: '' }]);
  expect(holders.map(({ ageMs }) => ageMs)).toEqual([300]);
  lease.release();
  await second;
  watch.stop();
});

it('watches a pool of openline/pg as it is', async () => {
  const pool = new Pool({ max: 7 });
  const watch = new PoolWatch(pool);
  expect(watch.diagnose().verdict).toBe('healthy');
  expect(watch.snapshots[0]).toMatchObject({ max: 7, leased: 0 });
  watch.stop();
  await pool.end();
});
