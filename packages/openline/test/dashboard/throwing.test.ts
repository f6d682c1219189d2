// Pools of the user's own that throw: the service lives, the page goes on, and one warning says so.
import { expect, onTestFinished, test } from 'vitest';
import { served, somePool } from './kit.ts';
import { Watching } from './stream.ts';

/** A pool that throws where the test wants it. */
function fragile(name: string) {
  const pool = somePool(name);
  const broken = new Set<string>();
  const unless = <T>(what: string, answer: () => T): T => {
    if (broken.has(what)) throw new Error(`${what} is broken`);
    return answer();
  };
  return {
    broken,
    status: () => unless('status', () => pool.status()),
    stats: () => pool.stats(),
    connections: () => pool.connections(),
    holders: () => unless('holders', () => pool.holders()),
  };
}

function warnings(): string[] {
  const heard: string[] = [];
  const hear = (warning: Error): void => {
    if ((warning as { code?: string }).code === 'OPENLINE_DASHBOARD') heard.push(warning.message);
  };
  process.on('warning', hear);
  onTestFinished(() => void process.off('warning', hear));
  return heard;
}

test('one that throws at a look, or to one who comes, ends nothing', async () => {
  const heard = warnings();
  const own = fragile('own');
  const orders = somePool('orders');
  const { board, port } = await served([own, orders], { intervalMs: 100, diagnose: false });
  const viewer = new Watching(port);
  onTestFinished(() => viewer.leave());
  await viewer.until(() => viewer.detail !== undefined);
  own.broken.add('holders');
  await expect.poll(() => heard).toEqual([expect.stringContaining('holders is broken')]);
  own.broken.add('status');
  const late = new Watching(port, '?pool=orders');
  onTestFinished(() => late.leave());
  await late.until(() => late.pools.size === 2);
  own.broken.clear();
  const lease = await orders.acquire();
  await viewer.until(() => viewer.named('orders')?.slots === 'l');
  lease.release();
  expect(board.viewers).toBe(2);
  expect(heard).toHaveLength(1);
});

test('one that throws when an event asks whose it is ends nothing', async () => {
  const heard = warnings();
  const own = fragile('own');
  own.broken.add('status');
  await served([own], { diagnose: false });
  const other = somePool('other');
  (await other.acquire()).discard();
  await expect.poll(() => heard).toEqual([expect.stringContaining('status is broken')]);
});
