// Real pools on the dashboard: PostgreSQL's and HTTP's, as they work; and nothing of what is said over them.
import { HttpPool } from 'openline/http';
import { createPool } from 'openline/pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { captureEveryPlace } from '../support/every-place.ts';
import { ended } from '../support/pools.ts';
import { givenPostgres } from '../support/postgres.ts';
import { chromiumPath, givenBrowser, tellIfMissing } from './browser.ts';
import { listening, served } from './kit.ts';
import { Watching } from './stream.ts';

const database = givenPostgres();
const intervalMs = 100;

/** A server whose answers end when the test says so. */
async function slowServer(): Promise<{ origin: string; finish(): void }> {
  const open: (() => void)[] = [];
  const port = await listening((_request, response) => {
    response.write('begun');
    open.push(() => response.end());
  });
  const finish = (): void => {
    for (const end of open.splice(0)) end();
  };
  onTestFinished(finish);
  return { origin: `http://127.0.0.1:${port}`, finish };
}

test('no query text, no value, no password and no URL of a request is sent to those who look, whatever goes wrong', async () => {
  captureEveryPlace();
  const pool = ended(createPool(database.config({ max: 1, name: 'orders' })));
  const calls = new HttpPool({ name: 'calls' });
  onTestFinished(() => calls.close());
  const { origin, finish } = await slowServer();
  const { port } = await served([pool, calls], { intervalMs });
  const viewer = new Watching(port, '?pool=orders');
  onTestFinished(() => viewer.leave());
  const response = await fetch(`${origin}/path-unseen?key=key-unseen`, {
    dispatcher: calls,
    headers: { authorization: 'Bearer bearer-unseen' },
  } as object);
  const client = await pool.connect();
  const slow = client.query('select pg_sleep(30) as text_unseen where $1 <> $2', ['value-unseen', 'x']);
  const slowEnds = slow.catch((error: unknown) => error);
  // One caller waits in vain; one query fails; one session leaves something behind; one connection is killed under its query.
  await expect(pool.use(() => {}, { timeoutMs: 50 })).rejects.toMatchObject({
    code: 'OPENLINE_ACQUIRE_TIMEOUT',
  });
  await viewer.until(() => [...viewer.events.values()].some(({ kind }) => kind === 'timedOut'));
  await viewer.until(() => (viewer.detail?.holders?.length ?? 1) === 1);
  const others = "from pg_stat_activity where query like '%text_unseen%' and pid <> pg_backend_pid()";
  await database.ask(`select pg_cancel_backend(pid) ${others}`);
  await slowEnds;
  await client.query("select nonsense as text_unseen, 'value-unseen'").catch(() => {});
  await client.query("begin; select 'value-unseen' as text_unseen");
  client.release();
  const second = pool.query("select pg_sleep(30), 'value-unseen' as text_unseen").catch(() => {});
  const terminated = (): Promise<unknown[]> =>
    database.ask(`select pg_terminate_backend(pid) ${others} and state = 'active'`);
  await expect.poll(async () => (await terminated()).length, { timeout: 30_000 }).toBe(1);
  await second;
  await viewer.until(() => [...viewer.events.values()].some(({ kind }) => kind === 'closed'));
  await viewer.until(() => viewer.named(`calls ${origin}`)?.slots.toLowerCase() === 'l');
  const wrong = ended(
    createPool(
      database.config({ max: 1, name: 'wrong', password: 'password-unseen', connectTimeoutMs: 20_000 }),
    ),
  );
  const other = await served([wrong], { intervalMs });
  const otherViewer = new Watching(other.port);
  onTestFinished(() => otherViewer.leave());
  await otherViewer.until(() => otherViewer.pools.size === 1);
  await wrong.query('select 1').catch(() => {});
  await otherViewer.until(() => [...otherViewer.events.values()].some(({ kind }) => kind === 'openFailed'));
  await otherViewer.until(() => otherViewer.named('wrong')?.outage !== '');
  const sent = JSON.stringify([viewer.sent, otherViewer.sent]);
  expect(sent).not.toMatch(/unseen/);
  expect(sent).not.toContain(database.server.password ?? 'unseen');
  finish();
  await response.text();
});

test('the text of the statements under way is sent where it is asked for, without their values', async () => {
  const pool = ended(createPool(database.config({ max: 2, name: 'orders' })));
  const { port } = await served([pool], { intervalMs, queryText: true });
  const viewer = new Watching(port, '?pool=orders');
  onTestFinished(() => viewer.leave());
  const abort = new AbortController();
  const text = 'select pg_sleep(60) as text_seen where $1 <> $2';
  const alone = pool.query({ text, values: ['value-unseen', 'x'], signal: abort.signal }).catch(() => {});
  const shownText = (): string | undefined => viewer.detail?.holders?.at(0)?.request;
  await viewer.until(() => shownText() === text);
  abort.abort();
  await alone;
  const client = await pool.connect();
  await viewer.until(() => shownText() === '');
  client.release();
  expect(JSON.stringify(viewer.sent)).not.toMatch(/unseen/);
});

tellIfMissing('A part of real-pools.test.ts');

describe.skipIf(chromiumPath === undefined)('in the browser', () => {
  const { open } = givenBrowser();

  test("PostgreSQL's and HTTP's pools live on one page, with the phases of their opens", async () => {
    captureEveryPlace();
    const pool = ended(createPool(database.config({ max: 3, name: 'orders' })));
    const calls = new HttpPool({ name: 'calls' });
    onTestFinished(() => calls.close());
    const { origin, finish } = await slowServer();
    const { port } = await served([pool, calls], { intervalMs });
    const page = await open(`http://localhost:${port}/`);
    await page.locator('#name', { hasText: 'orders' }).waitFor();
    const client = await pool.connect();
    await page.locator('#slots .l').waitFor();
    await page.locator('#holders', { hasText: 'real-pools.test' }).waitFor();
    await page.locator('#opens .phases', { hasText: 'tcp' }).waitFor();
    client.release();
    await page.locator('#slots .i').waitFor();
    await page.locator('#events', { hasText: 'connection 1 opened' }).waitFor();
    const response = await fetch(`${origin}/`, { dispatcher: calls } as object);
    await page.locator('.pool', { hasText: origin }).click();
    await page.locator('#name', { hasText: origin }).waitFor();
    await page.locator('#slots .l').waitFor();
    finish();
    await response.text();
    await page.locator('#slots .i').waitFor();
  });
});
