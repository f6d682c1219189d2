// Debian's Chromium, driven by playwright-core; `undefined` where the machine has none.
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';

const places = [
  process.env['OPENLINE_CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** Where Chromium is. */
export const chromiumPath: string | undefined = places.find(
  (place) => place !== undefined && existsSync(place),
);

/** Starts it for the tests of a file. It runs as root in a container, where its sandbox cannot. */
export function givenBrowser(): { open(url: string, options?: BrowserContextOptions): Promise<Page> } {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: chromiumPath!,
      args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
    });
  });
  afterAll(() => browser?.close());
  return {
    /** A page that may show no error of its own, until the test ends. */
    async open(url, options) {
      const context = await browser!.newContext({ viewport: { width: 1280, height: 900 }, ...options });
      const page = await context.newPage();
      const faults: string[] = [];
      page.on('pageerror', (error) => faults.push(String(error)));
      page.on('console', (message) => {
        // What the browser says of answers that a test wants: no connection, no token.
        if (message.type() === 'error' && !/Failed to load resource/.test(message.text()))
          faults.push(message.text());
      });
      onTestFinished(async () => {
        await context.close();
        expect(faults).toEqual([]);
      });
      await page.goto(url);
      return page;
    },
  };
}

export const untilLive = (page: Page): Promise<void> => page.locator('#link[data-state=live]').waitFor();

/** Says once, for a file, that its tests are skipped. */
export function tellIfMissing(file: string): void {
  if (chromiumPath !== undefined) return;
  process.stderr.write(
    `${file} is skipped: this machine has no Chromium (Debian: apt-get install chromium).\n`,
  );
}
