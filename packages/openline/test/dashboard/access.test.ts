// Who may look at the dashboard, under which names, and with what.
import net from 'node:net';
import { networkInterfaces } from 'node:os';
import { type Clock, InvalidOptionsError, systemClock } from 'openline';
import { dashboard } from 'openline/dashboard';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ask, listening, served, somePool } from './kit.ts';
import { Watching } from './stream.ts';

const token = 'correct-horse-battery-staple';
const outside = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === 'IPv4' && !one.internal)?.address;

describe('without a token', () => {
  test.each(['localhost', 'localhost:80', '127.0.0.1', '[::1]:9090', 'LOCALHOST'])(
    'this machine may look as %s',
    async (host) => {
      const { port } = await served([somePool('orders')]);
      expect(await ask(port, '/', { host })).toMatchObject({ status: 200 });
    },
  );

  test.each([
    'evil.example.com',
    'localhost.evil.example.com',
    'evil.example.com:80',
    '[::1].evil.example.com',
  ])('a name that is not this machine\'s is refused, though the address is: "%s"', async (host) => {
    const { port } = await served([somePool('orders')]);
    for (const path of ['/', '/page.js', '/session', '/feed'])
      expect(await ask(port, path, { host })).toMatchObject({ status: 421 });
  });

  test('a name given as an option is taken, and no other', async () => {
    const { port } = await served([somePool('orders')], { hosts: ['service.internal'] });
    expect((await ask(port, '/', { host: 'service.internal:80' })).status).toBe(200);
    expect((await ask(port, '/', { host: 'localhost' })).status).toBe(421);
  });

  test.skipIf(outside === undefined)('another machine is refused, whatever name it says', async () => {
    const board = dashboard([somePool('orders')]);
    onTestFinished(() => board.close());
    const port = await listening(board, '0.0.0.0');
    const answer = await ask(port, '/session', { host: 'localhost' }, 'GET', outside);
    expect(answer).toMatchObject({ status: 403, body: expect.stringContaining('option token') });
    expect((await ask(port, '/session')).status).toBe(200);
  });

  test.each(['x-forwarded-for', 'forwarded', 'via'])(
    'what comes through a proxy (%s) is refused',
    async (mark) => {
      const { port } = await served([somePool('orders')]);
      expect((await ask(port, '/session', { [mark]: '192.0.2.1' })).status).toBe(403);
    },
  );

  test("another site's page may link to it, and read nothing", async () => {
    const { port } = await served([somePool('orders')]);
    const from = (mode: string) => ({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': mode });
    expect((await ask(port, '/', from('navigate'))).status).toBe(200);
    expect((await ask(port, '/feed', from('cors'))).status).toBe(403);
    expect((await ask(port, '/page.js', from('no-cors'))).status).toBe(403);
  });
});

describe('with a token', () => {
  test('the pools are for those who have it, on this machine too', async () => {
    const { port } = await served([somePool('orders')], { token });
    expect((await ask(port, '/')).status).toBe(200);
    for (const headers of [
      {},
      { authorization: `Bearer ${token}x` },
      { authorization: `Basic ${token}` },
      { cookie: `openline_dashboard_${token}=${token}` },
    ]) {
      expect((await ask(port, '/session', headers)).status).toBe(401);
      expect((await ask(port, '/feed', headers)).status).toBe(401);
      expect((await ask(port, '/session', headers, 'POST')).headers['set-cookie']).toBeUndefined();
    }
    expect((await ask(port, `/session?token=${token}`)).status).toBe(401);
    expect((await ask(port, '/session', { authorization: `Bearer ${token}` })).status).toBe(200);
  });

  test('it is exchanged for a cookie that no script reads and no other site sends', async () => {
    const { port } = await served([somePool('orders')], { token });
    const welcome = await ask(port, '/session', { authorization: `Bearer ${token}` }, 'POST');
    const [cookie = ''] = welcome.headers['set-cookie'] ?? [];
    expect(cookie).toMatch(/; HttpOnly(;|$)/);
    expect(cookie).toMatch(/; SameSite=Strict(;|$)/);
    expect(cookie).not.toContain(token);
    const [pair = ''] = cookie.split(';');
    expect((await ask(port, '/session', { cookie: `a=b; ${pair}` })).status).toBe(200);
    const [name = '', value = ''] = pair.split('=');
    const [until = '', signed = ''] = value.split('.');
    const later = `${name}=${Number(until) + 1}.${signed}`;
    expect((await ask(port, '/session', { cookie: later })).status).toBe(401);
    expect((await ask(port, '/session', { cookie: `${name}=9e15.` })).status).toBe(401);
  });

  test('two dashboards of one machine, each with a token, keep their own cookies', async () => {
    const name = async (itsToken: string): Promise<string | undefined> => {
      const { port } = await served([somePool('orders')], { token: itsToken });
      const welcome = await ask(port, '/session', { authorization: `Bearer ${itsToken}` }, 'POST');
      return welcome.headers['set-cookie']?.[0]?.split('=', 1)[0];
    };
    expect(await name(token)).toBe(await name(token));
    expect(await name(token)).not.toBe(await name(`${token}-2`));
  });

  test('one who looks by a cookie looks no longer than that lasts', async () => {
    let aheadMs = 0;
    const clock: Clock = {
      now: () => systemClock.now(),
      turnNow: () => systemClock.turnNow(),
      wallNow: () => systemClock.wallNow() + aheadMs,
      setTimer: (fire, afterMs) => systemClock.setTimer(fire, afterMs),
    };
    const { board, port } = await served([somePool('orders')], { token, clock, intervalMs: 100 });
    const bearer = { authorization: `Bearer ${token}` };
    const welcome = await ask(port, '/session', bearer, 'POST');
    const cookie = welcome.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
    const [byCookie, byToken] = [new Watching(port, '', { cookie }), new Watching(port, '', bearer)];
    onTestFinished(() => byToken.leave());
    await byCookie.until(() => byCookie.pools.size === 1);
    await byToken.until(() => byToken.pools.size === 1);
    expect(board.viewers).toBe(2);
    aheadMs = 12 * 3_600_000 + 1;
    await byCookie.untilEnded();
    expect(board.viewers).toBe(1);
  });

  test('the cookie outlives a restart, and not another token', async () => {
    const before = await served([somePool('orders')], { token });
    const welcome = await ask(before.port, '/session', { authorization: `Bearer ${token}` }, 'POST');
    const [cookie = ''] = welcome.headers['set-cookie']?.[0]?.split(';') ?? [];
    const after = await served([somePool('orders')], { token });
    expect((await ask(after.port, '/session', { cookie })).status).toBe(200);
    const other = await served([somePool('orders')], { token: `${token}-2` });
    expect((await ask(other.port, '/session', { cookie })).status).toBe(401);
  });
});

test('over TLS, or behind a proxy that says so, the cookie is for TLS only', async () => {
  const { port } = await served([somePool('orders')], { token });
  const cookieFor = async (headers: object): Promise<string> => {
    const answer = await ask(port, '/session', { authorization: `Bearer ${token}`, ...headers }, 'POST');
    return answer.headers['set-cookie']?.[0] ?? '';
  };
  expect(await cookieFor({})).not.toContain('Secure');
  expect(await cookieFor({ 'x-forwarded-proto': 'https' })).toMatch(/; Secure(;|$)/);
});

test('no other site, no link and no form can exchange a token: it is taken from a header alone', async () => {
  const { port } = await served([somePool('orders')], { token });
  for (const path of [`/session?token=${token}`, `/?token=${token}`, `/feed?token=${token}`]) {
    for (const method of ['GET', 'POST']) {
      const answer = await ask(port, path, {}, method);
      expect(answer.headers['set-cookie']).toBeUndefined();
    }
  }
  const crossSite = {
    authorization: `Bearer ${token}`,
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'cors',
  };
  const answer = await ask(port, '/session', crossSite, 'POST');
  expect(answer.status).toBe(403);
  expect(answer.headers['set-cookie']).toBeUndefined();
  expect(answer.headers['access-control-allow-origin']).toBeUndefined();
});

test('a request that names no host at all is refused', async () => {
  const { port } = await served([somePool('orders')]);
  const status = await new Promise<string>((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write('GET /session HTTP/1.0\r\n\r\n'));
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', reject).on('close', () => resolve(text.split('\r\n', 1)[0] ?? ''));
  });
  expect(status).toContain(' 421 ');
});

test("every answer keeps strangers' code, frames and caches out", async () => {
  const { port } = await served([somePool('orders')], { token });
  for (const path of ['/', '/page.js', '/page.css', '/icon.svg', '/session', '/feed', '/nothing']) {
    const { headers } = await ask(port, path);
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(headers['content-security-policy']).not.toContain('unsafe');
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store, no-transform',
    });
  }
});

test('options that are wrong are refused, all at once', () => {
  const wrong = { token: 'short', hosts: 'localhost', path: 'x', intervalMs: 5, maxViewer: 3 };
  const make = () => dashboard([{} as never], wrong as never);
  expect(make).toThrow(InvalidOptionsError);
  try {
    make();
  } catch (error) {
    const faults = (error as InvalidOptionsError).faults.map(({ option }) => option);
    expect(faults.sort()).toEqual(['hosts', 'intervalMs', 'maxViewer', 'path', 'pools[0]', 'token']);
    expect((error as Error).message).not.toContain('short');
  }
});

test.each(['sixteen characters', 'päßwörter-und-mehr', 'a-token-of-two\nlines'])(
  'a token that no header carries as it is is refused: %j',
  (unfit) => {
    expect(() => dashboard([], { token: unfit })).toThrow(/token.*header/s);
  },
);
