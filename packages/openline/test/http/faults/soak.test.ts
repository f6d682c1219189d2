// Both versions of HTTP for a while, with aborts, slow readers, restarts and cuts: every request ends, no limit is passed, and memory stays where it is.
import { setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { HttpPool } from 'openline/http';
import { request } from 'undici';
import { expect, test } from 'vitest';
import { certificates } from '../../support/sockets.ts';
import { givenPool } from '../support/pools.ts';
import { bigBytes, RestartableServer } from '../support/restartable.ts';

/** `OPENLINE_TEST_SOAK_SECONDS=60` for the whole of it. */
const seconds = Number(process.env['OPENLINE_TEST_SOAK_SECONDS'] ?? 10);
const callers = 20;
const max = 5;
const totalTimeoutMs = 5_000;
/** Beyond its last deadline a request is lost. */
const lostAfterMs = totalTimeoutMs + 5_000;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const heap = (): number => {
  collect();
  return process.memoryUsage().heapUsed;
};

/** What may come of a request: an answer, or a word on why not. */
const excused =
  /^given up$|^(ECONNRESET|EPIPE|ECONNREFUSED|UND_ERR_SOCKET|UND_ERR_HEADERS_TIMEOUT|ERR_HTTP2_\w+|OPENLINE_\w+)$/;

const wordOf = (error: unknown): string => {
  const { message, code, cause } = error as Error & { code?: string; cause?: Error & { code?: string } };
  if (message === 'given up') return message;
  return code ?? cause?.code ?? cause?.message ?? message;
};

test('a soak', { timeout: (seconds + 60) * 1_000 }, async () => {
  const { ca, cert, key } = await certificates();
  const plain = await RestartableServer.start();
  const h2 = await RestartableServer.start({ cert, key });
  const servers = [plain, h2];
  const pool: HttpPool = givenPool({
    max,
    tls: { ca },
    acquireTimeoutMs: 3_000,
    headersTimeoutMs: 300,
    bodyIdleTimeoutMs: 500,
    totalTimeoutMs,
  });
  const origins = [`http://127.0.0.1:${plain.port}`, `https://127.0.0.1:${h2.port}`];
  const until = Date.now() + seconds * 1_000;
  const answered: Record<string, number> = {};
  const failed: Record<string, number> = {};
  const wrong: string[] = [];
  let made = 0;

  /** Whether the pool knows of it still, or only who reads the answer. */
  const underWay = (): string => {
    const oldest = pool.holders()[0];
    return `${pool.stats().requests} requests under way, the oldest lease for ${oldest?.ageMs ?? 0} ms`;
  };
  const expectText = (text: string, wanted: string): void => {
    if (text !== wanted) wrong.push(`${text.slice(0, 40)} instead of ${wanted.slice(0, 40)}`);
  };
  const get = async (origin: string, kind: string, token: string, signal?: AbortSignal): Promise<string> => {
    const init = { dispatcher: pool, ...(signal === undefined ? {} : { signal }) };
    return (await fetch(`${origin}/${kind}/${token}`, init as object)).text();
  };
  const plainly = async (origin: string, token: string): Promise<void> =>
    expectText(await get(origin, 'ok', token), token);
  const slowly = async (origin: string, token: string): Promise<void> =>
    expectText(await get(origin, 'slow', token), token);
  const posted = async (origin: string, token: string): Promise<void> => {
    const { body } = await request(`${origin}/echo/x`, { dispatcher: pool, method: 'POST', body: token });
    expectText(await body.text(), token);
  };
  const slowReader = async (origin: string, token: string): Promise<void> => {
    const { body } = await request(`${origin}/big/${token}`, { dispatcher: pool });
    let length = 0;
    for await (const piece of body as AsyncIterable<Buffer>) {
      if (length === 0 && !piece.toString().startsWith(token)) wrong.push(`${token} began otherwise`);
      length += piece.length;
      await pause(Math.random() * 10);
    }
    if (length !== bigBytes) wrong.push(`${length} bytes of ${token}`);
  };
  const impatient = async (origin: string, token: string): Promise<void> => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('given up')), Math.random() * 20);
    const kind = ['slow', 'silent', 'big'][Math.floor(Math.random() * 3)]!;
    await get(origin, kind, token, controller.signal);
  };
  const forgetful = async (origin: string, token: string): Promise<void> => {
    const response = await fetch(`${origin}/big/${token}`, { dispatcher: pool } as object);
    if (Math.random() < 0.5) await response.body?.cancel();
    // Else nobody reads it, and the pool has to take its connection back.
    else await pause(100);
  };
  const cut = async (origin: string, token: string): Promise<void> => {
    await get(origin, 'cut', token);
    wrong.push(`${token} was cut off, and nobody noticed`);
  };
  const unanswered = async (origin: string, token: string): Promise<void> => {
    await get(origin, 'silent', token);
  };
  const ways = { plainly, slowly, posted, slowReader, impatient, forgetful, cut, unanswered };
  const chances = Object.entries(ways).flatMap(([name, way]) =>
    Array.from({ length: /plainly|slowly|posted/.test(name) ? 6 : 1 }, () => [name, way] as const),
  );

  const caller = async (origin: string): Promise<void> => {
    while (Date.now() < until) {
      const [name, way] = chances[Math.floor(Math.random() * chances.length)]!;
      const token = `${name}-${++made}`;
      let timer: NodeJS.Timeout | undefined;
      const lost = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`lost, ${underWay()}`)), lostAfterMs);
      });
      try {
        await Promise.race([way(origin, token), lost]);
        answered[name] = (answered[name] ?? 0) + 1;
      } catch (error) {
        const word = wordOf(error);
        failed[word] = (failed[word] ?? 0) + 1;
        if (!excused.test(word)) wrong.push(`${origin} ${token}: ${word}: ${(error as Error).stack}`);
        await pause(Math.random() * 5);
      }
      clearTimeout(timer);
    }
  };
  const breaker = async (): Promise<void> => {
    for (let turn = 1; Date.now() < until; turn++) {
      await pause(100);
      const server = servers[turn % 2]!;
      if (turn % 20 < 2) await server.restart();
      else server.cutOne();
    }
  };
  const heaps: number[] = [];
  const watcher = async (): Promise<void> => {
    while (Date.now() < until) {
      await pause((seconds * 1_000) / 10);
      heaps.push(heap());
      for (const { size, idle, leased, opening, validating, resetting, closing } of pool.stats().origins) {
        if (size > max || idle + leased + opening + validating + resetting + closing !== size)
          wrong.push('counts do not add up');
      }
    }
  };
  /** A server hears of the end of a connection a little later than its client. */
  const counter = async (): Promise<void> => {
    while (Date.now() < until) {
      await pause(20);
      for (const { sockets } of servers) {
        if (sockets.size <= max) continue;
        await expect.poll(() => sockets.size, { timeout: 2_000, interval: 5 }).toBeLessThanOrEqual(max);
      }
    }
  };
  await Promise.all([
    breaker(),
    watcher(),
    counter(),
    ...origins.flatMap((origin) => Array.from({ length: callers }, () => caller(origin))),
  ]);

  expect(wrong).toEqual([]);
  await expect.poll(() => pool.stats().requests, { timeout: lostAfterMs }).toBe(0);
  const { origins: ends } = pool.stats();
  const figures = {
    made,
    answered,
    failed,
    restarts: servers.map(({ restarts }) => restarts),
    most: servers.map(({ most }) => most),
    totals: ends.map(({ requestTotals }) => requestTotals),
    heaps: heaps.map((bytes) => Math.round(bytes / 104_857.6) / 10),
  };
  if (process.env['OPENLINE_TEST_FIGURES']) console.log(JSON.stringify(figures, undefined, 1));
  for (const { leases, waiting, totals, requestTotals } of ends) {
    expect({ leases, waiting }).toEqual({ leases: 0, waiting: 0 });
    expect(totals.released).toBe(totals.acquired);
    expect(requestTotals.answered).toBeGreaterThan(seconds * 20);
  }
  expect(pool.holders()).toEqual([]);
  for (const name of ['plainly', 'slowly', 'posted', 'slowReader']) expect(answered[name]).toBeGreaterThan(0);
  // The first tenth warms up.
  expect(heap() - heaps[0]!).toBeLessThan(10 * 1_048_576);
  await pool.close();
  await expect.poll(() => servers.map(({ sockets }) => sockets.size)).toEqual([0, 0]);
});
