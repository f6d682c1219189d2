// The pictures in docs/images, made by the tests of the page: OPENLINE_SCREENSHOTS=docs/images npx vitest run packages/openline/test/dashboard
import { mkdir } from 'node:fs/promises';
import type { Page } from 'playwright-core';

/** Where they go, when somebody wants them. */
export const pictures: string | undefined = process.env['OPENLINE_SCREENSHOTS'];

/** What a page that is photographed needs: sharper than most screens, and still a small file. */
export const sharp = { deviceScaleFactor: pictures === undefined ? 1 : 1.5 } as const;

/** Takes one, as much as is in sight. */
export async function picture(page: Page, name: string): Promise<void> {
  if (pictures === undefined) return;
  await mkdir(pictures, { recursive: true });
  await page.mouse.move(0, 0);
  await page.screenshot({ path: `${pictures}/${name}.png`, scale: 'device' });
}
