// Places as the page shows them: without the folder in which the service runs, however a stack names it.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { fromHome } from '../../src/dashboard/places.ts';

test('a place begins in the folder of the service, named by URL or by path', () => {
  const file = join(process.cwd(), 'src', 'orders.js');
  const url = pathToFileURL(file).href;
  expect(fromHome(`taken at load (${url}:14:31) (2 times), save (${file}:9:3)`)).toBe(
    'taken at load (src/orders.js:14:31) (2 times), save (src/orders.js:9:3)',
  );
  expect(fromHome('load (file:///elsewhere/orders.js:14:31)')).toBe(
    'load (file:///elsewhere/orders.js:14:31)',
  );
});
