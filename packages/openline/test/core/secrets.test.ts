// What a driver quotes is told without its credentials.
import { withoutSecrets } from 'openline';
import { expect, test } from 'vitest';

test.each([
  ['Invalid URL: redis://:s3cret@host:6379/1', 'Invalid URL: redis://***@host:6379/1'],
  ['postgres://app:pa@ss@host/db', 'postgres://***@host/db'],
  ['host=db password=s3cret dbname=orders', 'host=db password=*** dbname=orders'],
  ['see https://host/path and mail me@host', 'see https://host/path and mail me@host'],
])('%s', (text, shown) => {
  expect(withoutSecrets(text)).toBe(shown);
});
