// Whoever looks sees no credential, though a driver quotes the URL that it was given.
import { createPool } from 'openline';
import { expect, onTestFinished, test } from 'vitest';
import { served } from './kit.ts';
import { Watching } from './stream.ts';

test('a failure to connect is shown in events, opens, outage and diagnosis without the password', async () => {
  const pool = createPool(
    {
      open: async () => {
        throw new Error('Invalid URL: redis://:s3cret@host');
      },
      isRetryable: () => true,
    },
    { name: 'sessions', max: 1 },
  );
  onTestFinished(async () => void (await pool.close({ timeoutMs: 0 })));
  const { port } = await served([pool], { intervalMs: 100 });
  await pool.acquire({ timeoutMs: 20 }).catch(() => {});
  const viewer = new Watching(port);
  onTestFinished(() => viewer.leave());
  await viewer.until(() => viewer.detail !== undefined);
  await viewer.until(() => viewer.named('sessions')?.diagnosis?.mood === 'bad');
  const shown = '://***@host';
  const all = [...viewer.events.values()];
  expect(all.find(({ kind }) => kind === 'openFailed')?.text).toContain(shown);
  expect(viewer.named('sessions')?.outage).toContain(shown);
  const opens = viewer.sent.flatMap(({ data }) => data.opens ?? []);
  expect(opens[0]?.failure).toContain(shown);
  expect(JSON.stringify(viewer.sent)).not.toContain('s3cret');
});
