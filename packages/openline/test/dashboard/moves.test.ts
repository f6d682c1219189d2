// Pools that come and go under those who look: each viewer knows one pool as a whole, and is told of changes of that one only.
import { expect, onTestFinished, test } from 'vitest';
import { served, somePool } from './kit.ts';
import { Watching } from './stream.ts';

test('when a first pool comes, only those who look at the first one move to it', async () => {
  const [origin, orders] = [somePool('calls http://a'), somePool('orders')];
  const origins: (typeof origin)[] = [];
  const { port } = await served([{ name: 'calls', pools: () => origins }, orders], {
    intervalMs: 100,
    diagnose: false,
  });
  const atFirst = new Watching(port);
  onTestFinished(() => atFirst.leave());
  await atFirst.until(() => atFirst.detail !== undefined);
  const atOrders = new Watching(port, '?pool=orders');
  onTestFinished(() => atOrders.leave());
  await atOrders.until(() => atOrders.detail !== undefined);
  origins.push(origin);
  await atFirst.until(() => atFirst.named('calls http://a') !== undefined);
  const id = atFirst.named('calls http://a')!.id;
  await atFirst.until(() => atFirst.detail?.pool === id && atFirst.detail.whole !== true);
  const looks = atOrders.sent.length;
  await atOrders.until(() => atOrders.sent.length >= looks + 3);
  const wholes = (of: Watching): number[] =>
    of.sent.filter(({ name, data }) => name === 'detail' && data.whole).map(({ data }) => data.pool);
  const first = atFirst.named('orders')!.id;
  expect(wholes(atFirst)).toEqual([first, id]);
  expect(wholes(atOrders)).toEqual([first]);
  const told = atOrders.sent.filter(({ name }) => name === 'detail').map(({ data }) => data.pool);
  expect(new Set(told)).toEqual(new Set([first]));
});
