// What the head of a response says of its connection.
import { expect, test } from 'vitest';
import { HeadReader, retryAfterMs } from '../../src/http/response-head.ts';

const head = (...fields: [string, string][]): Buffer[] =>
  fields.flatMap(([name, value]) => [Buffer.from(name, 'latin1'), Buffer.from(value, 'latin1')]);

const read = (status: number, ...fields: [string, string][]): object =>
  new HeadReader().read(status, head(...fields));

const plain = { closes: false, keepAliveMs: undefined, retryAfter: undefined };

test('most heads say nothing of it', () => {
  expect(read(200, ['content-type', 'text/plain'], ['connection', 'keep-alive'])).toEqual(plain);
});

test.each(['close', 'Close', 'upgrade, close', ' close '])('connection: %s closes', (value) => {
  expect(read(200, ['Connection', value])).toEqual({ ...plain, closes: true });
});

test.each(['closed', 'foreclose', 'x-close'])('connection: %s does not', (value) => {
  expect(read(200, ['connection', value])).toEqual(plain);
});

test('a header with as many letters is not taken for it', () => {
  expect(read(200, ['x-conection', 'close'], ['collection', 'close'], ['kept-alive', 'timeout=5'])).toEqual(
    plain,
  );
});

test('the time that the server keeps the connection is read, the last request too', () => {
  expect(read(200, ['Keep-Alive', 'timeout=5, max=3'])).toEqual({ ...plain, keepAliveMs: 5_000 });
  expect(read(200, ['keep-alive', 'timeout=5, max=0'])).toEqual({
    ...plain,
    keepAliveMs: 5_000,
    closes: true,
  });
  expect(read(200, ['connection', 'close'], ['keep-alive', 'timeout=5'])).toEqual({
    ...plain,
    keepAliveMs: 5_000,
    closes: true,
  });
});

test('a head that says the same as the one before is read the same, and another one anew', () => {
  const reader = new HeadReader();
  for (const seconds of [5, 5, 7, 5]) {
    const facts = reader.read(200, head(['keep-alive', `timeout=${seconds}`]));
    expect(facts.keepAliveMs).toBe(seconds * 1_000);
  }
});

test('Retry-After is read with 429 and 503 only', () => {
  expect(read(503, ['retry-after', '7'])).toEqual({ ...plain, retryAfter: '7' });
  expect(read(429, ['Retry-After', '7'])).toEqual({ ...plain, retryAfter: '7' });
  expect(read(301, ['retry-after', '7'])).toEqual(plain);
});

test.each([
  ['0', 0],
  ['120', 120_000],
  ['Sat, 21 Nov 2026 10:00:30 GMT', 30_000],
  ['Sat, 21 Nov 2026 09:00:00 GMT', 0],
  ['soon', undefined],
  ['-5', undefined],
])('Retry-After %j is %s ms', (value, ms) => {
  const now = Date.parse('Sat, 21 Nov 2026 10:00:00 GMT');
  expect(retryAfterMs(value, now)).toBe(ms);
});
