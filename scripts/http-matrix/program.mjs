// What one Node with one undici must be able to do with HttpPool: runs every check, and prints how each ended as JSON.
// Usage: node program.mjs FILE, which holds { ca, cert, key, undici: the version that must be found }
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { HeadersTimeoutError, HttpPool } from 'openline/http';
import * as undici from 'undici';
import { largeBytes, startServers } from './servers.mjs';

/** @typedef {import('./servers.mjs').Site} Site */
/** @typedef {{ name: string, run: () => Promise<unknown> }} Check */

const { ca, cert, key, undici: wanted } = JSON.parse(fs.readFileSync(String(process.argv[2]), 'utf8'));
const checkTimeoutMs = 10_000;

const { sites, oneStream, close } = await startServers({ cert, key });
/** @type {Check[]} */
const checks = [];
/** @param {string} name @param {Check['run']} run */
const check = (name, run) => checks.push({ name, run });

/**
 * Gives a pool to `use`, and closes it: nothing may be left.
 * @param {(pool: HttpPool) => Promise<unknown>} use @param {import('openline/http').HttpPoolOptions} [options]
 */
async function withPool(use, options) {
  const pool = new HttpPool({ tls: { ca }, ...options });
  try {
    await use(pool);
  } finally {
    await pool.destroy();
  }
  assert.equal(pool.stats().requests, 0, 'requests are left');
  assert.equal(pool.stats().size, 0, 'connections are left');
}

/**
 * The global fetch; what it takes beyond the web's options is not of its types in every version.
 * @param {string} url @param {HttpPool} pool @param {object} [options] @returns {Promise<Response>}
 */
const ask = (url, pool, options) => fetch(url, /** @type {object} */ ({ ...options, dispatcher: pool }));

/** @param {() => boolean} isSo */
async function until(isSo) {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** @param {HttpPool} pool */
const waiting = (pool) => pool.stats().origins.reduce((sum, origin) => sum + origin.waiting, 0);

/** @param {Promise<unknown>} promise @returns {Promise<Error & { cause?: any, code?: string }>} */
const failureOf = (promise) =>
  promise.then(
    () => assert.fail('it did not fail'),
    (error) => error,
  );

check('the pool stands on the undici that was installed', async () => {
  assert.equal(createRequire(import.meta.url)('undici/package.json').version, wanted);
  assert.ok(new HttpPool() instanceof undici.Dispatcher);
});

for (const [kind, site] of Object.entries(sites)) {
  /** @param {string} path */
  const at = (path) => `${site.origin}${path}`;

  check(`${kind}: GET, twice on one connection`, () =>
    withPool(async (pool) => {
      for (const _ of [1, 2]) {
        const response = await ask(at('/hello'), pool);
        assert.equal(response.status, 200);
        assert.equal(await response.text(), 'hello');
      }
      const [origin] = pool.stats().origins;
      assert.equal(origin?.protocol, site.protocol);
      assert.equal(origin?.totals.opened, 1);
    }),
  );

  check(`${kind}: two set-cookie headers`, () =>
    withPool(async (pool) => {
      const expected = ['a=1; Path=/', 'b=2, 3; Path=/'];
      const response = await ask(at('/hello'), pool);
      assert.deepEqual(response.headers.getSetCookie(), expected);
      await response.text();
      const ofUndici = await undici.fetch(at('/hello'), { dispatcher: pool });
      assert.deepEqual(ofUndici.headers.getSetCookie(), expected);
      await ofUndici.text();
      const { headers, body } = await undici.request(at('/hello'), { dispatcher: pool });
      assert.deepEqual(headers['set-cookie'], expected);
      await body.text();
    }),
  );

  check(`${kind}: POST of a text, of a form and of a stream`, () =>
    withPool(async (pool) => {
      const form = new FormData();
      form.set('field', 'in a form');
      const stream = () => new Blob(['in ', 'a stream']).stream();
      for (const [body, expected] of [
        ['in a text', /^in a text$/],
        [form, /name="field"\r\n\r\nin a form\r\n/],
        [stream(), /^in a stream$/],
      ]) {
        const response = await ask(at('/echo'), pool, { method: 'POST', body, duplex: 'half' });
        assert.equal(response.headers.get('x-method'), 'POST');
        assert.match(await response.text(), /** @type {RegExp} */ (expected));
      }
    }),
  );

  check(`${kind}: HEAD, 204, gzip and a large body`, () =>
    withPool(async (pool) => {
      const head = await ask(at('/hello'), pool, { method: 'HEAD' });
      assert.equal(head.status, 200);
      assert.equal(await head.text(), '');
      assert.equal((await ask(at('/nothing'), pool)).status, 204);
      assert.equal(await (await ask(at('/gzip'), pool)).text(), 'small after all');
      const large = await (await ask(at('/large'), pool)).arrayBuffer();
      assert.equal(large.byteLength, largeBytes);
    }),
  );

  check(`${kind}: redirects, with and without a body`, () =>
    withPool(async (pool) => {
      const moved = await ask(at('/moved'), pool);
      assert.ok(moved.redirected);
      assert.equal(await moved.text(), 'hello');
      const posted = await ask(at('/moved-for-all'), pool, { method: 'POST', body: 'again' });
      assert.equal(await posted.text(), 'again');
    }),
  );

  check(`${kind}: an abort in the queue`, () =>
    withPool(
      async (pool) => {
        const full = site.protocol === 'HTTP/2' ? oneStream : site.origin;
        const holding = new AbortController();
        const held = failureOf(ask(`${full}/silent`, pool, { signal: holding.signal }));
        await until(() => pool.stats().size === 1 && pool.stats().requests === 1 && waiting(pool) === 0);
        const controller = new AbortController();
        const queued = failureOf(ask(`${full}/hello`, pool, { signal: controller.signal }));
        await until(() => waiting(pool) === 1);
        const reason = new Error('enough');
        controller.abort(reason);
        assert.equal(await queued, reason);
        await until(() => waiting(pool) === 0);
        holding.abort();
        assert.equal((await held).name, 'AbortError');
      },
      { max: 1 },
    ),
  );

  check(`${kind}: an abort in mid-body`, () =>
    withPool(async (pool) => {
      const controller = new AbortController();
      const response = await ask(at('/begun'), pool, { signal: controller.signal });
      const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
      assert.equal(Buffer.from((await reader.read()).value ?? []).toString(), 'the first piece');
      const reason = new Error('enough');
      controller.abort(reason);
      assert.equal(await failureOf(reader.read()), reason);
      await until(() => pool.stats().requests === 0);
    }),
  );

  check(`${kind}: a body that is cancelled`, () =>
    withPool(async (pool) => {
      const response = await ask(at('/begun'), pool);
      await response.body?.cancel();
      await until(() => pool.stats().requests === 0);
    }),
  );

  check(`${kind}: a timeout arrives as the cause`, () =>
    withPool(
      async (pool) => {
        const { message, cause } = await failureOf(ask(at('/silent'), pool));
        assert.equal(message, 'fetch failed');
        assert.ok(cause instanceof HeadersTimeoutError, String(cause));
        assert.equal(cause.code, 'UND_ERR_HEADERS_TIMEOUT');
      },
      { headersTimeoutMs: 50 },
    ),
  );

  check(`${kind}: undici.request, undici.stream and undici.pipeline`, () =>
    withPool(async (pool) => {
      const asked = await undici.request(at('/echo'), {
        dispatcher: pool,
        method: 'PUT',
        body: 'by request',
      });
      assert.equal(asked.headers['x-method'], 'PUT');
      assert.equal(await asked.body.text(), 'by request');
      const failure = await failureOf(
        undici.request(at('/silent'), { dispatcher: pool, headersTimeout: 50 }),
      );
      assert.equal(failure.code, 'UND_ERR_HEADERS_TIMEOUT');
      /** @type {Buffer[]} */
      const pieces = [];
      await undici.stream(at('/hello'), { dispatcher: pool, method: 'GET' }, () => {
        return new Writable({
          write(piece, _encoding, done) {
            pieces.push(piece);
            done();
          },
        });
      });
      assert.equal(Buffer.concat(pieces).toString(), 'hello');
      const options = /** @type {any} */ ({ dispatcher: pool, method: 'POST' });
      const pipeline = undici.pipeline(at('/echo'), options, ({ body }) => body);
      pipeline.end('through a pipeline');
      assert.equal(await text(pipeline), 'through a pipeline');
    }),
  );

  check(`${kind}: under an interceptor of undici`, () =>
    withPool(async (pool) => {
      const dispatcher = pool.compose(undici.interceptors.redirect({ maxRedirections: 1 }));
      const { statusCode, body } = await undici.request(at('/moved'), { dispatcher });
      assert.equal(statusCode, 200);
      assert.equal(await body.text(), 'hello');
      await dispatcher.close();
      assert.ok(pool.closed);
    }),
  );

  check(`${kind}: the global dispatcher, as undici sets it`, () =>
    withPool(async (pool) => {
      const before = undici.getGlobalDispatcher();
      undici.setGlobalDispatcher(pool);
      try {
        assert.equal(await (await fetch(at('/hello'))).text(), 'hello');
        assert.equal(await (await undici.fetch(at('/hello'))).text(), 'hello');
        assert.equal(await (await undici.request(at('/hello'))).body.text(), 'hello');
      } finally {
        undici.setGlobalDispatcher(before);
      }
      assert.equal(sum(pool), 3);
    }),
  );

  if (site.protocol === 'HTTP/2') continue;

  check(`${kind}: a WebSocket`, () =>
    withPool(async (pool) => {
      // Node 20 has none of its own.
      for (const Kind of [globalThis.WebSocket, undici.WebSocket]) {
        if (Kind === undefined) continue;
        const url = at('/socket').replace('http', 'ws');
        const socket = new Kind(url, /** @type {any} */ ({ dispatcher: pool }));
        const greeting = await new Promise((resolve, reject) => {
          socket.onmessage = (/** @type {{ data: unknown }} */ { data }) => resolve(data);
          socket.onerror = (/** @type {object} */ event) => reject(Reflect.get(event, 'error') ?? event);
        });
        assert.equal(greeting, 'greetings');
        const closed = new Promise((resolve) => {
          socket.onclose = resolve;
        });
        socket.close();
        await closed;
        await until(() => pool.stats().size === 0);
      }
    }),
  );
}

check('the global dispatcher, by its symbols', () =>
  withPool(async (pool) => {
    const symbols = [1, 2].map((version) => Symbol.for(`undici.globalDispatcher.${version}`));
    const before = symbols.map((symbol) => Reflect.get(globalThis, symbol));
    for (const symbol of symbols) Reflect.set(globalThis, symbol, pool);
    try {
      assert.equal(await (await fetch(`${sites.http.origin}/hello`)).text(), 'hello');
    } finally {
      for (const [index, symbol] of symbols.entries()) Reflect.set(globalThis, symbol, before[index]);
    }
    assert.equal(sum(pool), 1);
  }),
);

/**
 * The requests that were answered through a pool.
 * @param {HttpPool} pool
 */
function sum(pool) {
  return pool.stats().origins.reduce((total, { requestTotals }) => total + requestTotals.answered, 0);
}

/** @param {Check} check */
async function within({ run }) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done in ${checkTimeoutMs} ms`)), checkTimeoutMs);
  });
  try {
    await Promise.race([run(), late]);
  } finally {
    clearTimeout(timer);
  }
}

const failures = [];
for (const one of checks) {
  try {
    await within(one);
  } catch (error) {
    failures.push(`${one.name}: ${/** @type {Error} */ (error).stack}`);
  }
}
close();
process.stdout.write(JSON.stringify({ checks: checks.length, failures, fetch: process.versions['undici'] }));
