// What those who look are told: all at first, then changes only; and nothing is asked of a pool while nobody looks.
import net from 'node:net';
import { type ConnectionInfo, createPool, type HolderInfo } from 'openline';
import { dashboard } from 'openline/dashboard';
import { HttpPool } from 'openline/http';
import { expect, onTestFinished, test } from 'vitest';
import { asEvent, Viewer } from '../../src/dashboard/viewer.ts';
import { captureEveryPlace } from '../support/every-place.ts';
import { ask, listening, served, somePool } from './kit.ts';
import { Watching } from './stream.ts';

const intervalMs = 100;

/** Looks until the test ends. */
function watch(...given: ConstructorParameters<typeof Watching>): Watching {
  const watching = new Watching(...given);
  onTestFinished(() => watching.leave());
  return watching;
}

/** A pool that counts how often it was asked. */
function asked(pool: ReturnType<typeof somePool>) {
  let times = 0;
  const count = <T>(answer: T): T => {
    times++;
    return answer;
  };
  return {
    get times() {
      return times;
    },
    status: () => count(pool.status()),
    stats: () => count(pool.stats()),
    connections: (): ConnectionInfo[] => count(pool.connections()),
    holders: (): HolderInfo[] => count(pool.holders()),
  };
}

test('the first frame is whole, and those after it tell of changes only', async () => {
  const orders = somePool('orders');
  const { port } = await served([orders, somePool('prices')], { intervalMs });
  const viewer = watch(port);
  await viewer.until(() => viewer.pools.size === 2);
  expect(viewer.sent[0]).toMatchObject({ name: 'pools', data: { whole: true } });
  expect(viewer.named('orders')).toMatchObject({ slots: '', max: 3, waiting: 0, state: 'running' });
  const leases = [await orders.acquire(), await orders.acquire()];
  await viewer.until(() => viewer.named('orders')?.slots === 'll');
  leases[0]!.release();
  await viewer.until(() => viewer.named('orders')?.slots === 'il');
  const later = viewer.sent.filter(({ name }) => name === 'pools').slice(1);
  const prices = viewer.named('prices')!.id;
  for (const { data } of later) {
    expect(data.whole).toBeUndefined();
    expect(data.changed?.map(({ id }) => id) ?? []).not.toContain(prices);
    for (const row of data.changed ?? []) expect(row).not.toHaveProperty('max');
  }
  leases[1]!.release();
});

test('waiters, leases and the places of their holders are seen; so is one who comes later told of them', async () => {
  captureEveryPlace();
  const orders = somePool('orders', 1);
  const { port } = await served([orders], { intervalMs });
  const viewer = watch(port);
  const lease = await orders.acquire();
  const second = orders.acquire();
  await viewer.until(() => viewer.named('orders')?.waiting === 1);
  await viewer.until(() => viewer.detail?.times[0]?.waiting === 1);
  const late = watch(port, '?pool=orders');
  await late.until(() => late.detail !== undefined);
  expect(late.sent.map(({ name, data }) => [name, data.whole])).toEqual([
    ['pools', true],
    ['detail', true],
  ]);
  expect(late.detail?.holders).toEqual([
    expect.objectContaining({
      connectionId: 1,
      mode: 'exclusive',
      place: expect.stringContaining('feed.test'),
    }),
  ]);
  expect(late.detail?.connections?.changed).toEqual([expect.objectContaining({ id: 1, state: 'leased' })]);
  lease.release();
  (await second).release();
  await viewer.until(() => viewer.named('orders')?.slots === 'i');
});

test("times are those of the moment, not of all the pool's life", async () => {
  const orders = somePool('orders', 1);
  for (let leases = 0; leases < 50; leases++) (await orders.acquire()).release();
  const { port } = await served([orders], { intervalMs });
  const viewer = watch(port);
  await viewer.until(() => viewer.detail !== undefined);
  for (let leases = 0; leases < 3; leases++) (await orders.acquire()).release();
  await viewer.until(() => viewer.detail?.times[0]?.use.n === 3);
  await viewer.until(() => viewer.detail?.times[0]?.use.n === 0);
});

test('nothing is asked of a pool before somebody looks, nor after the last one has left', async () => {
  const orders = asked(somePool('orders'));
  const { board, port } = await served([orders], { intervalMs });
  await ask(port, '/');
  expect(orders.times).toBe(0);
  const viewer = watch(port);
  await viewer.until(() => viewer.sent.filter(({ name }) => name === 'detail').length > 2);
  expect(orders.times).toBeGreaterThan(0);
  viewer.leave();
  await expect.poll(() => board.viewers).toBe(0);
  const timesThen = orders.times;
  await new Promise((resolve) => setTimeout(resolve, 4 * intervalMs));
  expect(orders.times).toBe(timesThen);
});

test('three who look cost the pools as much as one', async () => {
  const orders = asked(somePool('orders'));
  const { port } = await served([orders], { intervalMs });
  const viewers = [watch(port), watch(port), watch(port)] as const;
  for (const viewer of viewers) await viewer.until(() => viewer.detail !== undefined);
  const [first] = viewers;
  const looks = () => first.sent.filter(({ name }) => name === 'detail').length;
  const [looksThen, timesThen] = [looks(), orders.times];
  await first.until(() => looks() >= looksThen + 5);
  // A look asks for the status, the connections, and of the one pool looked at closely for stats, connections and holders.
  expect(orders.times - timesThen).toBeLessThanOrEqual(5 * (looks() - looksThen + 1));
});

test('a viewer that does not read is cut off before more than a megabyte waits for it', async () => {
  let most = 0;
  let isGone = false;
  const event = asEvent('pools', { text: 'x'.repeat(65_536) });
  const port = await listening((_request, response) => {
    const viewer = new Viewer(response, undefined, Number.POSITIVE_INFINITY, () => {
      isGone = true;
    });
    const send = (): void => {
      if (isGone) return;
      viewer.send(event);
      most = Math.max(most, response.writableLength);
      setImmediate(send);
    };
    send();
  });
  const slow = net.connect(port, '127.0.0.1').on('error', () => {});
  onTestFinished(() => void slow.destroy());
  slow.write('GET /feed HTTP/1.1\r\nHost: localhost\r\n\r\n');
  slow.pause();
  await expect.poll(() => isGone, { timeout: 30_000 }).toBe(true);
  expect(most).toBeGreaterThan(event.length);
  expect(most).toBeLessThanOrEqual(1 << 20);
});

test('a first frame may be larger than that, and what follows it may wait as far as twice its length', async () => {
  let wasCut = true;
  const whole = asEvent('pools', { text: 'x'.repeat(3 << 20) });
  const port = await listening((_request, response) => {
    const viewer = new Viewer(response, undefined, Number.POSITIVE_INFINITY, () => {});
    viewer.begin(whole);
    viewer.send(asEvent('detail', {}));
    wasCut = response.destroyed;
    viewer.end();
  });
  const { body } = await ask(port, '/feed');
  expect(wasCut).toBe(false);
  expect(body.length).toBeGreaterThan(whole.length);
});

test('one who has gone before the handler was called is not taken for a viewer', async () => {
  const token = 'correct-horse-battery-staple';
  const board = dashboard([somePool('orders')], { token, intervalMs });
  onTestFinished(() => board.close());
  const handled = new Promise<void>((resolve) => {
    void listening((request, response) => {
      response.on('close', () =>
        setImmediate(() => {
          board(request, response);
          resolve();
        }),
      );
      client.destroy();
    }).then((port) => {
      client.connect(port, '127.0.0.1');
      client.write(`GET /feed HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    });
  });
  const client = new net.Socket().on('error', () => {});
  await handled;
  expect(board.viewers).toBe(0);
});

test('those beyond the most are told to come later', async () => {
  const { port } = await served([somePool('orders')], { intervalMs, maxViewers: 1 });
  const viewer = watch(port);
  await viewer.until(() => viewer.pools.size === 1);
  expect(await ask(port, '/feed')).toMatchObject({ status: 503, headers: { 'retry-after': '10' } });
  viewer.leave();
});

test('closing ends the streams', async () => {
  const { board, port } = await served([somePool('orders')], { intervalMs });
  const viewer = watch(port);
  await viewer.until(() => viewer.pools.size === 1);
  board.close();
  await viewer.untilEnded();
  expect((await ask(port, '/feed')).status).toBe(503);
});

test("what happened before somebody looked is told, many of a kind as one; no message of a caller's error is", async () => {
  let fails = true;
  const pool = createPool(
    {
      open: async () => {
        if (fails) throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
        return {};
      },
      isRetryable: () => true,
    },
    { name: 'orders', max: 1 },
  );
  onTestFinished(async () => void (await pool.close({ timeoutMs: 0 })));
  const { port } = await served([pool, somePool('prices')], { intervalMs });
  for (let times = 0; times < 3; times++) await pool.acquire({ timeoutMs: 1 }).catch(() => {});
  fails = false;
  const lease = await pool.acquire();
  lease.discard(new Error("select 'secret'"));
  const viewer = watch(port);
  await viewer.until(() => viewer.detail !== undefined);
  const events = [...viewer.events.values()];
  const kinds = new Map(events.map(({ kind, count }) => [kind, count]));
  expect(kinds.get('timedOut')).toBe(3);
  expect(kinds.has('openFailed')).toBe(true);
  expect(kinds.has('opened')).toBe(true);
  expect(kinds.has('closed')).toBe(true);
  expect(JSON.stringify(viewer.sent)).not.toContain('secret');
  expect(viewer.detail?.opens?.at(-1)).toMatchObject({ failure: '', connectionId: expect.any(Number) });
  expect(viewer.detail?.opens?.[0]?.failure).toContain('refused');
});

test('an HttpPool is shown by origin, as they come', async () => {
  const target = await listening((_request, response) => void response.end('ok'));
  const pool = new HttpPool({ name: 'calls' });
  onTestFinished(() => pool.close());
  const { port } = await served([pool], { intervalMs });
  const viewer = watch(port);
  await viewer.until(() => viewer.sent.length > 0);
  expect(viewer.pools.size).toBe(0);
  await (await fetch(`http://127.0.0.1:${target}/`, { dispatcher: pool } as object)).text();
  await viewer.until(() => viewer.named(`calls http://127.0.0.1:${target}`)?.slots === 'i');
  await viewer.until(() => viewer.detail !== undefined);
  await viewer.until(() => [...viewer.events.values()].some(({ kind }) => kind === 'opened'));
});

test('two pools of one name are told apart', async () => {
  const { port } = await served([somePool('orders'), somePool('orders')], { intervalMs });
  const viewer = watch(port, '?pool=orders%20(2)');
  await viewer.until(() => viewer.detail !== undefined);
  expect([...viewer.pools.values()].map(({ name }) => name)).toEqual(['orders', 'orders (2)']);
  expect(viewer.detail?.pool).toBe(viewer.named('orders (2)')?.id);
});

test('a diagnosis of your own is shown of the pool that is looked at, and of those in trouble; one that throws hurts nobody', async () => {
  const [calm, busy, watched] = [somePool('calm'), somePool('busy', 1), somePool('watched')];
  const lease = await busy.acquire();
  const waiting = busy.acquire();
  const { port } = await served([calm, busy, watched], {
    intervalMs,
    diagnose: (_pool, { name }) => {
      if (name === 'busy') return { sentence: 'too small', advice: 'make it larger' };
      if (name === 'watched') throw new Error('no');
      return { sentence: 'asked for nothing' };
    },
  });
  const viewer = watch(port, '?pool=watched');
  await viewer.until(() => viewer.named('busy')?.diagnosis?.title === 'too small');
  expect(viewer.named('busy')?.diagnosis).toMatchObject({ advice: 'make it larger', mood: 'bad' });
  expect(viewer.named('calm')?.diagnosis).toBeNull();
  expect(viewer.named('watched')?.diagnosis).toBeNull();
  lease.release();
  (await waiting).release();
  await viewer.until(() => viewer.named('busy')?.diagnosis === null);
});
