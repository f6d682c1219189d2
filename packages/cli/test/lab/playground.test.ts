// The lab's page in a real browser: each button breaks something for real, the diagnosis names it, and all is calm once it is mended.
import { mkdir } from 'node:fs/promises';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { chromiumPath, launch } from '../../../openline/test/dashboard/browser.ts';
import { type RunningPlayground, startPlayground } from './playground-kit.ts';

/** The diagnosis comes within seconds; a machine with other work is given more. */
const namedWithinMs = 30_000;
/** The last ten seconds are judged, and a killed database has to come up first. */
const calmWithinMs = 60_000;
/** Where screenshots go, when somebody wants them. */
const shots = process.env['OPENLINE_SCREENSHOTS'];

if (chromiumPath === undefined)
  process.stderr.write(
    'playground.test.ts is skipped: this machine has no Chromium (Debian: apt-get install chromium).\n',
  );

describe.skipIf(chromiumPath === undefined)('the page with the buttons', () => {
  let playground: RunningPlayground;
  let browser: Browser;
  beforeAll(async () => {
    playground = await startPlayground();
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    await playground?.end();
  });

  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const page = await context.newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(message.text());
    });
    onTestFinished(async () => {
      await context.close();
      expect(faults).toEqual([]);
    });
    await page.goto(playground.origin);
    await page.locator('#link[data-state=live]').waitFor();
    return page;
  }

  const calm = async (page: Page): Promise<void> => {
    await page.locator('#lab[data-phase=calm]').waitFor({ timeout: calmWithinMs });
    await page.locator('#verdict:not(.bad)').waitFor({ timeout: calmWithinMs });
  };

  async function shoot(page: Page, name: string): Promise<void> {
    if (shots === undefined) return;
    await mkdir(shots, { recursive: true });
    await page.screenshot({ path: `${shots}/${name}.png`, fullPage: true });
  }

  test.each([
    ['Leak a connection', /shop database: Connections leak: [67] of 8 .* reserveStock/],
    [
      'Slow the queries',
      /shop database: Connections are used for longer than before: .* the server is at work/,
    ],
    ['Kill the database', /shop database: The server cannot be reached: .*ECONNREFUSED/],
    ['Make the network silent', /shop database: The server cannot be reached: .*no answer within 1.5 s/],
    ['Too large a pool', /shop database: The server is full: the server refused/],
    ['A traffic spike', /shop database: Too many callers come at the same moment/],
  ])(
    '%s: the diagnosis names it, with what to change in the code, and it can be mended',
    async (title, sentence) => {
      const page = await open({ deviceScaleFactor: shots ? 2 : 1 });
      const button = page.getByRole('button', { name: title });
      await button.click();
      await page.locator('#lab[data-phase=broken]').waitFor({ timeout: namedWithinMs });
      await page.locator('#verdict.bad #sentence', { hasText: sentence }).waitFor({ timeout: namedWithinMs });
      await page
        .locator('#lab-status', { hasText: /named after [\d.]+ s/ })
        .waitFor({ timeout: namedWithinMs });
      expect(await button.getAttribute('aria-pressed')).toBe('true');
      expect(await page.locator('#lab article:visible').count()).toBe(1);
      expect(await page.locator('#lab article:visible ins').count()).toBeGreaterThan(0);
      await shoot(page, `lab-${title.toLowerCase().replaceAll(' ', '-')}`);
      await page.getByRole('button', { name: 'Mend it' }).click();
      await calm(page);
      await page.locator('#lab-status', { hasText: 'Calm again.' }).waitFor();
    },
  );

  test('before anything is broken, nothing is wrong, and all buttons can be pressed', async () => {
    const page = await open();
    await calm(page);
    await page.locator('#sentence', { hasText: 'Nothing is wrong' }).waitFor();
    expect(await page.locator('[data-fault]:enabled').count()).toBe(6);
    expect(
      await page
        .getByRole('button', { name: 'Mend it' })
        .isEnabled()
        .catch(() => false),
    ).toBe(false);
  });

  test.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 390],
    ['dark', 390],
  ] as const)('in %s, %i wide, nothing sticks out while something is broken', async (colorScheme, width) => {
    const page = await open({
      colorScheme,
      viewport: { width, height: 844 },
      deviceScaleFactor: shots ? 2 : 1,
    });
    await calm(page);
    await page.getByRole('button', { name: 'Leak a connection' }).click();
    await page.locator('#lab-status', { hasText: 'named after' }).waitFor({ timeout: namedWithinMs * 2 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    const heights = await page
      .locator('[data-fault]')
      .evaluateAll('buttons => buttons.map((button) => button.offsetHeight)');
    for (const height of heights as number[]) expect(height, 'a finger finds it').toBeGreaterThanOrEqual(40);
    await shoot(page, `lab-${colorScheme}-${width}`);
    await page.getByRole('button', { name: 'Mend it' }).click();
    await calm(page);
  });
});
