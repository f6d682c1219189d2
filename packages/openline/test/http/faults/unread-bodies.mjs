// Bodies that nobody reads, as a program: any Node can be asked to run it, and it prints what came of them as JSON.
// `node unread-bodies.mjs` takes the built library; OPENLINE_HTTP names another module, by its address.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { request } from 'undici';

const library = process.env['OPENLINE_HTTP'] ?? import.meta.resolve('openline/http');
/** @type {typeof import('openline/http')} */
const { HttpPool } = await import(library);
// Captures have a budget of time: on a busy machine some places would be missing.
const { Place, placeBudget } = await import(new URL('../core/place.js', library).href);
placeBudget.capture = (
  /** @type {unknown} */ _now,
  /** @type {Function} */ below,
  /** @type {unknown} */ _pool,
  frames = 12,
) => new Place(below, frames);

const max = 10;
const bodyIdleTimeoutMs = 1_500;
const leakThresholdMs = 200;

const server = createServer((asked, answer) => {
  answer.on('error', () => undefined);
  answer.end(Buffer.alloc(Number(asked.url?.slice(1))));
});
/** @typedef {{ name: string, code?: string, message: string, place?: string, phase?: string }} Told */
/** @typedef {{ status: number, read(): Promise<ArrayBuffer> }} Answer */
/** @typedef {(dispatcher: InstanceType<typeof HttpPool>, bytes: number) => Promise<Answer>} Ask */

server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
const origin = `http://127.0.0.1:${port}`;

/** @type {Record<string, Ask>} */
const ways = {
  async fetch(dispatcher, bytes) {
    const response = await fetch(`${origin}/${bytes}`, /** @type {object} */ ({ dispatcher }));
    return { status: response.status, read: () => response.arrayBuffer() };
  },
  async request(dispatcher, bytes) {
    const { statusCode, body } = await request(`${origin}/${bytes}`, { dispatcher });
    // As with fetch, the error is for the reader: a stream tells everybody.
    body.on('error', () => undefined);
    return { status: statusCode, read: () => body.arrayBuffer() };
  },
};

/**
 * What fetch wraps is what matters.
 *
 * @param {any} error
 * @returns {Told}
 */
const told = (error) => {
  const { name, code, message, place, phase } =
    error.name === 'TypeError' && error.cause ? error.cause : error;
  return { name, code, message, place, phase };
};
/** @param {Promise<unknown>} work */
const failureOf = (work) => work.then(() => 'nothing failed', told);

/** @param {() => boolean} condition */
async function until(condition) {
  for (const from = performance.now(); !condition(); await pause(5))
    if (performance.now() - from > 10_000) throw new Error(`not in 10 s: ${condition}`);
}

/** @param {Ask} ask */
async function scenario(ask) {
  /** @type {{ place: string | undefined, ageMs: number }[]} */
  const alarms = [];
  const pool = new HttpPool({
    max,
    acquireTimeoutMs: 400,
    bodyIdleTimeoutMs,
    leakThresholdMs,
    observers: [{ leaseOverdue: ({ place, ageMs }) => alarms.push({ place, ageMs }) }],
  });
  const leases = () => pool.stats().origins[0]?.leases ?? 0;
  /** @type {(count: number, bytes: number) => Promise<Answer>[]} */
  const asks = (count, bytes) => Array.from({ length: count }, () => ask(pool, bytes));

  const began = performance.now();
  const unread = await Promise.all(asks(max, 2_000_000));
  const heldLeases = leases();
  const eleventh = await failureOf(ask(pool, 10));
  await until(() => alarms.length === max);
  await until(() => leases() === 0);
  const takenBackAfterMs = performance.now() - began;
  const readers = await Promise.all(unread.map(({ read }) => failureOf(read())));
  const served = (await (await ask(pool, 10)).read()).byteLength;

  /** @type {Record<number, { answered: number | Told, leases: number, alarms: number }>} */
  const small = {};
  for (const bytes of [12_000, 60_000]) {
    const before = alarms.length;
    const asked = await Promise.allSettled(asks(3 * max, bytes));
    await pause(3 * leakThresholdMs);
    const answers = asked.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    const refusal = asked.find((answer) => answer.status === 'rejected');
    small[bytes] = {
      answered: refusal === undefined ? answers.length : told(refusal.reason),
      leases: leases(),
      alarms: alarms.length - before,
    };
    // Held until here, so that no collector has ended them; read to their ends, so that the next size begins with nothing.
    await Promise.allSettled(answers.map(({ read }) => read()));
    await until(() => leases() === 0);
  }
  await pool.close();
  return {
    heldLeases,
    eleventh,
    alarms,
    takenBackAfterMs,
    readers,
    served,
    small,
    sizeAfterClose: pool.stats().size,
  };
}

/** @type {Record<string, Awaited<ReturnType<typeof scenario>>>} */
const results = {};
for (const [name, ask] of Object.entries(ways)) results[name] = await scenario(ask);
const connections = await new Promise((resolve) => server.getConnections((_, count) => resolve(count)));
server.close();
process.stdout.write(
  `${JSON.stringify({ node: process.version, bodyIdleTimeoutMs, leakThresholdMs, results, connections })}\n`,
);
