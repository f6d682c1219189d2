// A small service's pools with something to see: one busy, one exhausted by a lease that nobody ends, one unreachable, and many origins.
import { createPool, type Pool } from 'openline';
import { onTestFinished, vi } from 'vitest';
import { type Place, placeBudget } from '../../src/core/place.ts';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** How long each phase of an open takes, in milliseconds. */
const phases = { dns: 3, tcp: 6, tls: 14, auth: 9 };

function slowToOpen(name: string, max: number, maxLifetimeMs?: number): Pool<object> {
  return kept(
    createPool(
      {
        open: async (context) => {
          for (const [step, ms] of Object.entries(phases)) {
            context.phase(step);
            await pause(ms * (0.6 + Math.random()));
          }
          return {};
        },
      },
      { name, max, ...(maxLifetimeMs !== undefined && { maxLifetimeMs }) },
    ),
  );
}

function kept<C>(pool: Pool<C>): Pool<C> {
  onTestFinished(async () => void (await pool.close({ timeoutMs: 0 })));
  return pool;
}

/** The pools, and how they are set to work until the test ends: after somebody watches, so that their opens are seen. */
export function scene({ isSearchDown = true }: { readonly isSearchDown?: boolean } = {}): {
  pools: Pool<object>[];
  begin(): Promise<void>;
} {
  const orders = slowToOpen('orders', 12, 6_000);
  const reports = slowToOpen('reports', 4);
  const search = kept(
    createPool<object>(
      {
        open: async () => {
          throw Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:6379'), { code: 'ECONNREFUSED' });
        },
        isRetryable: () => true,
      },
      { name: 'search', max: 6 },
    ),
  );
  const origins = Array.from({ length: 9 }, (_, index) =>
    slowToOpen(`calls https://${['price', 'stock', 'mail'][index % 3]}-${index + 1}.internal`, 5),
  );
  let atWork = true;
  onTestFinished(() => {
    atWork = false;
  });
  const work = async (pool: Pool<object>, ms: number): Promise<void> => {
    while (atWork) {
      await pool
        .use(() => pause(ms * (0.5 + Math.random() + (Math.random() < 0.05 ? 4 : 0))))
        .catch(() => {});
      await pause(ms * Math.random());
    }
  };
  const begin = async (): Promise<void> => {
    // As leases of them usually are, so that those that leak stand out.
    for (let times = 0; times < 40; times++) await reports.use(() => pause(3));
    for (let callers = 0; callers < 10; callers++) void work(orders, 12);
    for (const pool of origins) for (let callers = 0; callers < 3; callers++) void work(pool, 20);
    leaked.push(...(await Promise.all(Array.from({ length: 4 }, () => reports.acquire()))));
    for (let callers = 0; callers < 3; callers++) void reports.use(() => {}).catch(() => {});
    if (isSearchDown) void search.use(() => {}).catch(() => {});
  };
  return { pools: [orders, reports, search, ...origins], begin };
}

/** Leases of which nobody takes care; kept, so that they are not garbage-collected. */
const leaked: unknown[] = [];

/** Where a service would acquire: the places of a test look like nobody's code. */
const places: readonly (readonly [poolName: RegExp, ...places: string[]])[] = [
  [
    /^orders/,
    'createOrder (src/orders/create.ts:41:22)',
    'findOrder (src/orders/find.ts:18:20)',
    'cancelOrder (src/orders/cancel.ts:29:24)',
  ],
  [/^reports/, 'monthlyReport (src/reports/monthly.ts:57:31)'],
  [/^calls/, 'priceOf (src/prices/client.ts:12:30)', 'inStock (src/stock/client.ts:23:28)'],
];

/** Has leases be acquired at such places, until the end of the test. */
export function asInAService(): void {
  let captured = 0;
  const spy = vi.spyOn(placeBudget, 'capture').mockImplementation((_now, _below, pool) => {
    const { name = '' } = (pool ?? {}) as { name?: string };
    const [, ...known] = places.find(([poolName]) => poolName.test(name)) ?? [/./, 'main (src/main.ts:9:16)'];
    const place = known[captured++ % known.length]!;
    return { toString: () => place } as Place;
  });
  onTestFinished(() => void spy.mockRestore());
}
