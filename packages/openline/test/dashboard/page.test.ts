// The page in a real browser: it lives, in both themes and on a phone, by mouse and by keyboard, through a restart, and behind a token.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { createPool } from 'openline';
import { dashboard } from 'openline/dashboard';
import { describe, expect, onTestFinished, test } from 'vitest';
import { asEvent } from '../../src/dashboard/viewer.ts';
import { captureEveryPlace } from '../support/every-place.ts';
import { chromiumPath, givenBrowser, tellIfMissing, untilLive } from './browser.ts';
import { served, somePool } from './kit.ts';
import { picture, pictures, sharpness } from './pictures.ts';
import { asInAService, scene } from './scene.ts';

const intervalMs = 100;
const token = 'correct-horse-battery-staple';

tellIfMissing('page.test.ts');

describe.skipIf(chromiumPath === undefined)('the page', () => {
  const { open } = givenBrowser();

  test('the slots live: leases and waiters show as they come and go', async () => {
    captureEveryPlace();
    const orders = somePool('orders', 2);
    const { port } = await served([orders], { intervalMs, diagnose: false });
    const page = await open(`http://localhost:${port}/`);
    await page.locator('#slots .free').nth(1).waitFor();
    const lease = await orders.acquire();
    await page.locator('#slots .l').waitFor();
    const second = await orders.acquire();
    const waiting = orders.acquire();
    await page.getByText('all 2 connections are leased').waitFor();
    await page.locator('#holders', { hasText: 'page.test' }).waitFor();
    lease.release();
    second.release();
    (await waiting).release();
    await page.locator('#verdict[data-mood=good]').waitFor();
    await expect.poll(() => page.locator('#slots .i').count()).toBe(2);
    await page.locator('#events', { hasText: 'connection 2 opened' }).waitFor();
    await page.locator('#opens .open').nth(1).waitFor();
    expect(await page.locator('.chart canvas').count()).toBe(3);
  });

  test('names that look like HTML are shown as they are', async () => {
    const { port } = await served([somePool('<img src=x onerror=alert(1)>')], { intervalMs });
    const page = await open(`http://localhost:${port}/`);
    await page.locator('.pool', { hasText: '<img src=x' }).waitFor();
    expect(await page.locator('main img').count()).toBe(0);
  });

  test('the worst diagnosis stands on top with its evidence and what to do, and leads to its pool; the others stand beside theirs', async () => {
    const pools = [somePool('orders'), somePool('prices'), somePool('stock')];
    const { port } = await served(pools, {
      intervalMs,
      diagnose: (_pool, { name }) => {
        if (name === 'stock') return { sentence: 'all is well', healthy: true };
        const sentence = name === 'orders' ? 'a few wait' : 'a lease leaks';
        return { sentence, evidence: ['measured this', 'and that'], advice: 'end it in app.js:7' };
      },
    });
    const page = await open(`http://localhost:${port}/`);
    const lease = await Promise.all(Array.from({ length: 3 }, () => pools[1]!.acquire()));
    const waiting = pools[1]!.acquire();
    const top = page.locator('#finding');
    await page.locator('#whose', { hasText: 'prices' }).waitFor();
    await top.locator('.title', { hasText: 'a lease leaks' }).waitFor();
    await top.locator('.evidence li', { hasText: 'and that' }).waitFor();
    await top.locator('.advice', { hasText: 'end it in app.js:7' }).waitFor();
    await page.locator('#own .title', { hasText: 'a few wait' }).waitFor();
    await page.locator('.pool', { hasText: 'prices' }).locator('.cause', { hasText: 'leaks' }).waitFor();
    await page.getByRole('button', { name: 'Look at this pool' }).click();
    await page.locator('#name', { hasText: 'prices' }).waitFor();
    await page.locator('#own').waitFor({ state: 'hidden' });
    for (const one of lease) one.release();
    (await waiting).release();
  });

  test('one that is unsure shows its candidates, each with what speaks for it', async () => {
    const { port } = await served([somePool('orders')], { intervalMs });
    const candidate = { title: 'Connections leak', evidence: ['1 of 9 is old'], advice: 'Release it.' };
    const diagnosis = {
      mood: 'unsure',
      title: 'The cause is not sure',
      evidence: ['3 callers waiting'],
      advice: '',
      others: [candidate],
    };
    const row = {
      id: 1,
      name: 'orders',
      state: 'running',
      max: 3,
      slots: 'lll',
      waiting: 3,
      outage: '',
      diagnosis,
    };
    const page = await open('about:blank');
    await page.route('**/feed*', (route) =>
      route.fulfill({
        contentType: 'text/event-stream',
        body: asEvent('pools', { at: Date.now(), whole: true, changed: [row] }).toString(),
      }),
    );
    await page.goto(`http://localhost:${port}/`);
    await page.locator('#verdict[data-mood=unsure]').waitFor();
    await page.locator('#finding .also b', { hasText: 'Perhaps: connections leak' }).waitFor();
    await page.locator('#finding .also', { hasText: '1 of 9 is old' }).waitFor();
    await page.locator('#finding .also', { hasText: 'Release it.' }).waitFor();
  });

  test('the keyboard chooses a pool, which the address remembers', async () => {
    const { port } = await served([somePool('orders'), somePool('prices'), somePool('stock')], {
      intervalMs,
    });
    const page = await open(`http://localhost:${port}/`);
    await untilLive(page);
    await page.locator('#pools').focus();
    await page.keyboard.press('ArrowRight');
    await page.locator('#name', { hasText: 'prices' }).waitFor();
    await page.keyboard.press('End');
    await page.locator('#name', { hasText: 'stock' }).waitFor();
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('detail');
    await page.reload();
    await page.locator('#name', { hasText: 'stock' }).waitFor();
  });

  test('a restart of the service is lived through', async () => {
    const pools = [somePool('orders'), somePool('prices')];
    let board = dashboard(pools, { intervalMs });
    const start = async (port: number): Promise<http.Server> => {
      const server = http.createServer(board);
      await new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve));
      return server;
    };
    const stop = async (server: http.Server): Promise<void> => {
      board.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    };
    let server = await start(0);
    onTestFinished(() => stop(server));
    const { port } = server.address() as AddressInfo;
    const page = await open(`http://127.0.0.1:${port}/#prices`);
    await untilLive(page);
    await stop(server);
    await page.locator('#link[data-state=lost]').waitFor();
    board = dashboard(pools, { intervalMs });
    server = await start(port);
    await untilLive(page);
    await page.locator('#name', { hasText: 'prices' }).waitFor();
    const lease = await pools[1]!.acquire();
    await page.locator('#slots .l').waitFor();
    lease.release();
  });

  test('the token is asked for, and stays neither in the address nor where a script can read it', async () => {
    const { port } = await served([somePool('orders')], { intervalMs, token });
    const page = await open(`http://localhost:${port}/`);
    await page.getByLabel('Token').fill('not the token at all');
    await page.getByRole('button', { name: 'Look' }).click();
    await page.getByText('That is not the token.').waitFor();
    expect(await page.locator('#main').isVisible()).toBe(false);
    await page.getByLabel('Token').fill(token);
    await page.keyboard.press('Enter');
    await untilLive(page);
    await page.reload();
    await untilLive(page);
    expect(await page.evaluate('document.cookie + JSON.stringify(localStorage)')).toBe('{}');
  });

  test('a link may carry the token behind the #, from where it vanishes at once', async () => {
    const { port } = await served([somePool('orders')], { intervalMs, token });
    const page = await open(`http://localhost:${port}/#token=${token}`);
    await untilLive(page);
    expect(page.url()).toBe(`http://localhost:${port}/`);
    await page.goBack().catch(() => {});
    expect(page.url()).not.toContain(token);
  });

  test('a link that is no proper encoding breaks nothing, and hides its token all the same', async () => {
    const { port } = await served([somePool('100%')], { intervalMs, token: `${token}%zz` });
    const page = await open(`http://localhost:${port}/#token=${token}%zz`);
    await untilLive(page);
    expect(page.url()).toBe(`http://localhost:${port}/`);
    await page.goto(`http://localhost:${port}/?again#100%`);
    await untilLive(page);
    await page.locator('#name', { hasText: '100%' }).waitFor();
  });

  test('a page in the background asks for nothing until it is seen', async () => {
    const { board, port } = await served([somePool('orders')], { intervalMs });
    const page = await open('about:blank');
    await page.addInitScript(
      `window.isHidden = true; Object.defineProperty(document, 'hidden', { get: () => window.isHidden })`,
    );
    const asked: string[] = [];
    page.on('request', (request) => void asked.push(new URL(request.url()).pathname));
    await page.goto(`http://localhost:${port}/`);
    await page.locator('#main').waitFor();
    await page.evaluate(`fetch('session').then(({ ok }) => ok)`);
    expect(asked).not.toContain('/feed');
    expect(board.viewers).toBe(0);
    await page.evaluate(`isHidden = false; document.dispatchEvent(new Event('visibilitychange'))`);
    await untilLive(page);
    expect(board.viewers).toBe(1);
  });

  test('a pool without a limit is not measured by one', async () => {
    let opens = 0;
    const openOnce = async (): Promise<object> => (opens++ === 0 ? {} : new Promise<object>(() => {}));
    const calls = createPool({ open: openOnce }, { name: 'calls', max: Number.POSITIVE_INFINITY });
    onTestFinished(async () => void (await calls.close({ timeoutMs: 0 })));
    const { port } = await served([calls], { intervalMs, diagnose: false });
    const lease = await calls.acquire();
    const waiting = calls.acquire().catch(() => {});
    const page = await open(`http://localhost:${port}/`);
    await page.locator('#slots .l').waitFor();
    await page.getByText('1 connection is leased').waitFor();
    expect(await page.locator('#slots .free, #pools .free').count()).toBe(0);
    expect(await page.locator('#main').textContent()).not.toMatch(/9[,.\s]?007/);
    lease.release();
    await waiting;
  });

  test.each([
    ['light', { width: 1280, height: 1180 }],
    ['dark', { width: 1280, height: 1180 }],
    ['light', { width: 390, height: 844 }],
    ['dark', { width: 390, height: 844 }],
  ] as const)('in %s, %o, everything is there and nothing sticks out', async (colorScheme, viewport) => {
    const isPhone = viewport.width < 500;
    asInAService();
    const { pools, begin } = scene({ isSearchDown: colorScheme === 'dark' });
    const { port } = await served(pools, { intervalMs: 500 });
    await begin();
    const page = await open(`http://localhost:${port}/`, {
      colorScheme,
      viewport,
      deviceScaleFactor: sharpness(isPhone),
    });
    await page.locator('.pool').nth(11).waitFor();
    await page.locator('#verdict[data-mood=bad]').waitFor();
    const ground = await page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(ground).toBe(colorScheme === 'dark' ? 'rgb(15, 18, 22)' : 'rgb(244, 245, 247)');
    const width = await page.evaluate('document.documentElement.scrollWidth');
    expect(width, 'nothing to scroll sideways').toBeLessThanOrEqual(viewport.width);
    if (pictures === undefined) return;
    await page.waitForTimeout(40_000);
    await picture(page, `dashboard-${isPhone ? 'phone-' : ''}${colorScheme}`);
    if (isPhone || colorScheme === 'dark') return;
    await page.evaluate('scrollTo(0, document.body.scrollHeight)');
    await picture(page, 'dashboard-light-below');
  });
});
