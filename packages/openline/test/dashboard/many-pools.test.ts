// Hundreds of pools on one page: those in sight are drawn, those in trouble are found, and the keyboard reaches all.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpPool } from 'openline/http';
import type { Page } from 'playwright-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { chromiumPath, givenBrowser, tellIfMissing, untilLive } from './browser.ts';
import { served, somePool } from './kit.ts';
import { picture, pictures } from './pictures.ts';

const originCount = 300;
const most = 10;

/** One server under many addresses: on Linux all of 127.0.0.0/8 are this machine's. */
async function servicesOf(
  pool: HttpPool,
): Promise<{ origins: string[]; call(origin: string): Promise<unknown> }> {
  const server = http.createServer((_request, response) => void response.end('ok'));
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => void server.listen(0, '0.0.0.0', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  const origins = Array.from(
    { length: originCount },
    (_, index) => `http://127.0.${Math.floor(index / 100)}.${(index % 100) + 1}:${port}`,
  );
  const call = async (origin: string): Promise<string> =>
    (await fetch(origin, { dispatcher: pool } as object)).text();
  return { origins, call };
}

const shownTiles = (page: Page): Promise<string[]> =>
  page.evaluate(
    `[...document.querySelectorAll('.pool')].filter((tile) => !tile.hidden).map((tile) => tile.querySelector('b').textContent)`,
  );

tellIfMissing('many-pools.test.ts');

describe.skipIf(chromiumPath === undefined || process.platform !== 'linux')('three hundred origins', () => {
  const { open } = givenBrowser();

  test('are found by name, by trouble and by keyboard; only those in sight are drawn', async () => {
    const calls = new HttpPool({ name: 'calls', max: most });
    onTestFinished(() => calls.close());
    const { origins, call } = await servicesOf(calls);
    for (let from = 0; from < originCount; from += 50)
      await Promise.all(origins.slice(from, from + 50).map(call));
    // A picture is livelier with more of them.
    if (pictures !== undefined)
      await Promise.all(
        origins.flatMap((origin, index) =>
          Array(1 + (index % 4))
            .fill(origin)
            .map(call),
        ),
      );
    const orders = somePool('orders', most);
    // On a machine with much to do the diagnosis finds the event loop blocked, and is right.
    const { port } = await served([orders, calls], { intervalMs: 250, diagnose: false });
    const page = await open(`http://localhost:${port}/`);
    await untilLive(page);
    await page.locator('#totals', { hasText: `${originCount + 1} pools` }).waitFor();

    // Drawn in full, there would be ten slots for each.
    await page
      .locator('.pool', { hasText: 'orders' })
      .locator('.slots li')
      .nth(most - 1)
      .waitFor();
    const drawn = async (): Promise<number> => page.locator('#pools .slots li').count();
    expect(await drawn()).toBeLessThan(100 * most);
    const last = page.locator('.pool').last();
    expect(await last.locator('.slots li').count()).toBe(0);

    await page.keyboard.press('/');
    await page.keyboard.type('127.0.2.4');
    await expect.poll(() => shownTiles(page)).toHaveLength(11);
    await page.locator('#more', { hasText: '290 of 301 pools do not match' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.locator('#name', { hasText: '127.0.2.4:' }).waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => shownTiles(page)).toHaveLength(originCount + 1);

    await page.locator('#pools').focus();
    await page.keyboard.press('End');
    await page.locator('#name', { hasText: origins.at(-1)! }).waitFor();
    await last
      .locator('.slots li')
      .nth(most - 1)
      .waitFor();
    expect(await drawn()).toBeLessThan(100 * most);

    const leases = await Promise.all(Array.from({ length: most }, () => orders.acquire()));
    const waiting = orders.acquire();
    await page.locator('#whose', { hasText: 'orders' }).waitFor();
    await page.locator('#filter').fill('127.0.2.');
    await picture(page, 'dashboard-many');
    await page.locator('#filter').fill('');
    await page.getByLabel('Only those in trouble').check();
    await expect.poll(() => shownTiles(page)).toEqual(['orders']);
    for (const lease of leases) lease.release();
    (await waiting).release();
    await expect.poll(() => shownTiles(page), { timeout: 30_000 }).toEqual([]);
    await page.locator('#more', { hasText: 'No pool is in trouble' }).waitFor();
    await page.getByLabel('Only those in trouble').uncheck();
    await expect.poll(() => shownTiles(page)).toHaveLength(originCount + 1);
  });
});
