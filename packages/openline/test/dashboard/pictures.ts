// The pictures in docs/images, made by the tests of the pages: OPENLINE_SCREENSHOTS=docs/images npx vitest run packages/openline/test/dashboard packages/cli/test/lab/playground.test.ts
import { mkdir } from 'node:fs/promises';
import type { Page } from 'playwright-core';

/** Where they go, when somebody wants them. */
export const pictures: string | undefined = process.env['OPENLINE_SCREENSHOTS'];

/** Pixels a point on a phone, whose pictures are small; a picture stays below 250 kB. */
export const sharpness = (isPhone: boolean): number => (pictures !== undefined && isPhone ? 2 : 1);

/** Takes one, as much as is in sight. */
export async function picture(page: Page, name: string): Promise<void> {
  if (pictures === undefined) return;
  await mkdir(pictures, { recursive: true });
  await page.mouse.move(0, 0);
  await page.screenshot({ path: `${pictures}/${name}.png`, scale: 'device' });
}
