// `openline lab` without --once: the service stays up with its page, until a signal ends everything.
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PoolViews } from '../../src/lab/pool-view.ts';
import { canSeeProcesses, processesBelow, type Running, start, stillRunning } from './support.ts';

describe('the service that stays up', () => {
  let lab: Running;
  let origin: string;

  beforeAll(async () => {
    lab = start(['lab', '--seconds', '1', '--port', '0']);
    origin = (await lab.says(/(http:\/\/127\.0\.0\.1:\d+)\/\n/))[1] ?? '';
  });
  afterAll(() => {
    lab.child.kill('SIGKILL');
  });

  it('answers with an order and what it costs', async () => {
    const answer = await fetch(`${origin}/orders/42`);
    expect(await answer.json()).toMatchObject({ id: 42, article: 'article-3', quantity: 3 });
    expect((await fetch(`${origin}/orders/1001`)).status).toBe(404);
  });

  it('serves a page that may run its own script and nothing else', async () => {
    const page = await fetch(`${origin}/`);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page.headers.get('content-security-policy')).not.toContain('unsafe');
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    expect(page.headers.get('x-frame-options')).toBe('DENY');
    const links = [...(await page.text()).matchAll(/(?:src|href)="(\/[\w.]*)"/g)].map(([, path]) => path);
    expect(links).toEqual(expect.arrayContaining(['/page.js', '/page.css', '/break']));
    for (const path of ['/page.js', '/page.css', '/icon.svg']) {
      expect((await fetch(`${origin}${path}`)).status, path).toBe(200);
    }
  });

  it('leads to the playground, which says where it is', async () => {
    const [, playground] = await lab.says(/explain itself: (http:\/\/127\.0\.0\.1:\d+\/)\n/);
    const way = await fetch(`${origin}/break`, { redirect: 'manual' });
    expect([way.status, way.headers.get('location')]).toEqual([302, playground]);
    expect(await (await fetch(`${origin}/break`)).text()).toContain('Break something');
  });

  it('shows both pools', async () => {
    const { database, prices } = (await (await fetch(`${origin}/pools.json`)).json()) as PoolViews;
    expect(database.stats.name).toBe('orders');
    expect(prices?.stats.name).toMatch(/^prices https:\/\/localhost:\d+$/);
    for (const view of [database, prices!]) {
      expect(view.stats).toMatchObject({ state: 'running', max: 10 });
      expect(view.stats.totals.acquired).toBeGreaterThan(0);
      expect(view.connections.length).toBe(view.stats.size);
      expect(view.wait.count).toBeGreaterThan(0);
    }
  });

  it('refuses a request for another host, whatever it asks for', async () => {
    for (const path of ['/', '/pools.json', '/orders/42']) {
      expect(await statusFor('rebound.example', `${origin}${path}`), path).toBe(421);
    }
    expect(await statusFor(`localhost:${new URL(origin).port}`, `${origin}/`)).toBe(200);
  });

  it('changes nothing: there is only GET', async () => {
    expect((await fetch(`${origin}/orders/42`, { method: 'POST' })).status).toBe(405);
  });

  it.skipIf(!canSeeProcesses)('ends with 0 at Ctrl-C and leaves no process behind', async () => {
    const below = processesBelow(lab.child.pid ?? 0);
    expect(below.length).toBeGreaterThan(5);
    lab.child.kill('SIGINT');
    const { status, stderr } = await lab.ended;
    expect(status, stderr).toBe(0);
    expect(stillRunning(below)).toEqual([]);
  });
});

it.skipIf(!canSeeProcesses)(
  'SIGTERM in the middle of the comparison leaves no process behind either',
  async () => {
    const lab = start(['lab', '--once', '--seconds', '60']);
    await lab.says(/of 60 s/);
    const below = processesBelow(lab.child.pid ?? 0);
    lab.child.kill('SIGTERM');
    expect((await lab.ended).status).toBe(143);
    expect(stillRunning(below)).toEqual([]);
  },
);

/** The status of a GET with another Host header, which fetch does not let one set. */
function statusFor(host: string, url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .once('error', reject)
      .end();
  });
}
