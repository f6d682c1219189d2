// The lab's page in a real browser: each button breaks something for real, the diagnosis names it, and all is calm once it is mended.
import type { BrowserContextOptions, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  chromiumPath,
  givenBrowser,
  tellIfMissing,
  untilLive,
} from '../../../openline/test/dashboard/browser.ts';
import { picture, sharpness } from '../../../openline/test/dashboard/pictures.ts';
import { type RunningPlayground, startPlayground } from './playground-kit.ts';

/** The diagnosis comes within seconds; a machine with other work is given more. */
const namedWithinMs = 80_000;
/** The last ten seconds are judged, and a killed database has to come up first. */
const calmWithinMs = 80_000;
const wellWords = /Nothing is wrong|serves everyone at once/;

tellIfMissing('playground.test.ts');

describe.skipIf(chromiumPath === undefined)('the page with the buttons', () => {
  const browser = givenBrowser();
  let playground: RunningPlayground;
  beforeAll(async () => {
    playground = await startPlayground();
  });
  afterAll(() => playground?.end());

  // What a test that failed has left broken is no matter of the next one.
  afterEach(async () => {
    const { origin } = playground;
    await fetch(`${origin}/lab/mend`, { method: 'POST', headers: { origin } });
  });

  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    const page = await browser.open(playground.origin, options);
    await untilLive(page);
    return page;
  }

  /** What the dashboard says is wrong. */
  const trouble = (page: Page, words: RegExp): Locator =>
    page.locator('#verdict', { hasText: 'shop database' }).filter({ hasText: words });

  const calm = async (page: Page): Promise<void> => {
    await page.locator('#lab[data-phase=calm]').waitFor({ timeout: calmWithinMs });
    await page.locator('#verdict', { hasText: wellWords }).waitFor({ timeout: calmWithinMs });
  };

  test.each([
    // Captures are bounded by the time they take, and a machine with much other work may leave none for these six.
    [
      'Leak a connection',
      /Connections leak.*6 of 8 connections have not come back.*taken at (reserveStock|a place not captured \(6 times\))/s,
    ],
    ['Slow the queries', /used for longer than before.*leases take.*the server is at work/s],
    ['Kill the database', /server cannot be reached.*ECONNREFUSED/s],
    ['Make the network silent', /server cannot be reached.*no answer within 1.5 s/s],
    ['Too large a pool', /server is full.*the server refused/s],
    ['A traffic spike', /Too many callers come at the same moment.*worst second/s],
  ])(
    '%s: the diagnosis names it, with what to change in the code, and it can be mended',
    async (title, sentence) => {
      const page = await open();
      const button = page.getByRole('button', { name: title });
      await button.click();
      await page.locator('#lab[data-phase=broken]').waitFor({ timeout: namedWithinMs });
      await trouble(page, sentence).waitFor({ timeout: namedWithinMs });
      await page
        .locator('#lab-status', { hasText: /named after [\d.]+ s/ })
        .waitFor({ timeout: namedWithinMs });
      expect(await button.getAttribute('aria-pressed')).toBe('true');
      expect(await page.locator('#lab article:visible').count()).toBe(1);
      expect(await page.locator('#lab article:visible ins').count()).toBeGreaterThan(0);
      await page.getByRole('button', { name: 'Mend it' }).click();
      await calm(page);
      await page.locator('#lab-status', { hasText: 'Calm again.' }).waitFor();
    },
  );

  test('before anything is broken, nothing is wrong, and all buttons can be pressed', async () => {
    const page = await open();
    await calm(page);
    expect(await page.locator('[data-fault]:not([aria-disabled=true])').count()).toBe(6);
    expect(
      await page
        .getByRole('button', { name: 'Mend it' })
        .isEnabled()
        .catch(() => false),
    ).toBe(false);
  });

  test('in both themes, on a desk and on a phone, nothing sticks out while something is broken', async () => {
    const first = await open();
    await calm(first);
    await first.getByRole('button', { name: 'Leak a connection' }).click();
    await first.locator('#lab-status', { hasText: 'named after' }).waitFor({ timeout: namedWithinMs });
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [1280, 390]) {
        const what = `${colorScheme}, ${width} wide`;
        const isPhone = width < 500;
        const viewport = { width, height: isPhone ? 844 : 1080 };
        const page = await open({ colorScheme, viewport, deviceScaleFactor: sharpness(isPhone) });
        await page.locator('#lab-status', { hasText: 'named after' }).waitFor({ timeout: namedWithinMs });
        await trouble(page, /Connections leak/).waitFor({ timeout: namedWithinMs });
        expect(await page.evaluate('document.documentElement.scrollWidth'), what).toBeLessThanOrEqual(width);
        expect(await page.evaluate(leastHeight), `${what}: a finger finds the buttons`).toBeGreaterThan(40);
        await picture(page, `lab-${isPhone ? 'phone-' : ''}${colorScheme}`);
      }
    }
    await first.getByRole('button', { name: 'Mend it' }).click();
    await calm(first);
  });
});

/** Of the buttons. */
const leastHeight = `Math.min(...[...document.querySelectorAll('#lab button')].map(({ offsetHeight }) => offsetHeight))`;
