// Who may press the lab's buttons: its own page, and nobody else.
import { type OutgoingHttpHeaders, request } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { PlaygroundState } from '../../src/lab/playground/playground.ts';
import { type RunningPlayground, startPlayground } from './playground-kit.ts';

let playground: RunningPlayground;
beforeAll(async () => {
  playground = await startPlayground();
});
afterAll(() => playground?.end());

/** One request, with headers that fetch does not let one set. */
function ask(
  method: string,
  path: string,
  headers: OutgoingHttpHeaders = {},
): Promise<{ status: number | undefined; headers: OutgoingHttpHeaders; text: string }> {
  return new Promise((resolve, reject) => {
    request(`${playground.origin}${path}`, { method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.once('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
      response.once('error', reject);
    })
      .once('error', reject)
      .end();
  });
}

const state = async (): Promise<PlaygroundState> => JSON.parse((await ask('GET', '/lab/state')).text);

it('refuses a press without an Origin, and one from any page but its own', async () => {
  const { host, port } = new URL(playground.origin);
  const strangers = [
    undefined,
    'null',
    'http://evil.example',
    `http://localhost:${port}`,
    'http://127.0.0.1',
    `https://${host}`,
    `http://${host}.evil.example`,
    `http://127.0.0.1:${Number(port) + 1}`,
  ];
  for (const origin of strangers) {
    for (const path of ['/lab/break/leak', '/lab/mend']) {
      const { status } = await ask('POST', path, origin === undefined ? {} : { origin });
      expect(status, `${path} from ${origin}`).toBe(403);
    }
  }
  expect(await state()).toMatchObject({ phase: 'calm' });
});

it('refuses another host, even where the Origin is the same: a name can be pointed here', async () => {
  const headers = { host: 'rebound.example', origin: 'http://rebound.example' };
  expect((await ask('POST', '/lab/break/leak', headers)).status).toBe(421);
  for (const path of ['/', '/lab.js', '/lab/state', '/feed', '/index.html'])
    expect((await ask('GET', path, { host: 'rebound.example' })).status, path).toBe(421);
  expect(await state()).toMatchObject({ phase: 'calm' });
});

it('breaks nothing by GET, and knows no other buttons', async () => {
  const { origin } = playground;
  for (const path of ['/lab/break/leak', '/lab/mend'])
    expect((await ask('GET', path, { origin })).status).toBe(405);
  for (const path of ['/lab/break/everything', '/lab/break/', '/lab/break/toString', '/lab/'])
    expect((await ask('POST', path, { origin })).status, path).toBe(404);
  expect((await ask('POST', '/lab/state', { origin })).status).toBe(405);
  expect((await ask('POST', '/', { origin })).status).toBe(405);
  expect(await state()).toMatchObject({ phase: 'calm' });
});

it('serves a page that may run its own scripts and nothing else, in no frame', async () => {
  const page = await ask('GET', '/');
  expect(page.headers['content-security-policy']).toContain("default-src 'none'");
  expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'");
  expect(page.headers['content-security-policy']).not.toContain('unsafe');
  const links = [...page.text.matchAll(/(?:src|href)="([\w.]+)"/g)].map(([, path]) => path);
  expect(links).toEqual(expect.arrayContaining(['page.js', 'page.css', 'lab.js', 'lab.css']));
  for (const path of links) expect((await ask('GET', `/${path}`)).status, path).toBe(200);
});

it('lets its own page break one thing at a time, and has nothing to mend before', async () => {
  const { origin } = playground;
  expect((await ask('POST', '/lab/mend', { origin })).status).toBe(409);
  const pressed = await ask('POST', '/lab/break/leak', { origin });
  expect(pressed.status).toBe(202);
  expect(JSON.parse(pressed.text)).toMatchObject({ phase: 'preparing', fault: 'leak' });
  expect((await ask('POST', '/lab/break/slow', { origin })).status).toBe(409);
});
