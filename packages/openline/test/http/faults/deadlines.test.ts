// Servers that hang, drip and flood: every limit is met in its time, each failure says what it was, and nothing is left behind.
import type { LookupFunction } from 'node:net';
import { AcquireTimeoutError, type ConnectError } from 'openline';
import {
  BodyTimeoutError,
  HeadersTimeoutError,
  type HttpTimeoutError,
  TotalTimeoutError,
} from 'openline/http';
import { expect, it, onTestFinished } from 'vitest';
import { deadAddress } from '../../support/dead-address.ts';
import { captureEveryPlace } from '../../support/every-place.ts';
import { silentServer } from '../../support/sockets.ts';
import { givenPool } from '../support/pools.ts';
import { answerOf, dripping, flooding, scriptedServer } from '../support/scripted-server.ts';
import {
  type Ask,
  askByFetch,
  askByRequest,
  expectInTime,
  expectNothingLeft,
  failureOf,
  waysIn,
} from '../support/ways-in.ts';

/** What every error of a deadline tells. */
function expectFacts(error: HttpTimeoutError, phase: string, option: string, limitMs: number): void {
  expect(error).toMatchObject({ phase, option, limitMs, counts: { max: 10, leased: 1, waiting: 0 } });
  expect(error.message).toMatch(`within ${limitMs} ms (${option}; `);
  expect(error.message).toContain('Connections: 1 leased, 0 idle, 0 opening of max 10; 0 waiting.');
  expect(error.elapsedMs).toBeGreaterThanOrEqual(limitMs - 1);
  expect(error.queuedMs).toBeLessThanOrEqual(error.elapsedMs);
}

it.each(waysIn)('hears at headersTimeoutMs of a server that never answers, through %s', async (name, ask) => {
  const server = await scriptedServer(() => undefined);
  const pool = givenPool({ headersTimeoutMs: 200 });
  const { error, tookMs } = await failureOf<HeadersTimeoutError>(() =>
    ask(pool, `${server.origin}/slow?token=secret`),
  );
  expect(error).toBeInstanceOf(HeadersTimeoutError);
  expect(error.code).toBe('UND_ERR_HEADERS_TIMEOUT');
  expectFacts(error, 'headers', 'headersTimeoutMs', 200);
  expect(error.message).toContain(`GET ${server.origin}/slow: no response`);
  expect(error.message).not.toContain('secret');
  expectInTime(tookMs, 200, `headers, ${name}`);
  expect(server.asked).toHaveLength(1);
  await expectNothingLeft(pool, server);
});

it.each(waysIn)(
  'hears at bodyTimeoutMs of a server that stops after its headers, through %s',
  async (name, ask) => {
    const server = await scriptedServer(({ socket }) =>
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nsome'),
    );
    const pool = givenPool({ bodyTimeoutMs: 200 });
    const { error, tookMs } = await failureOf<BodyTimeoutError>(() => ask(pool, server.origin));
    expect(error).toBeInstanceOf(BodyTimeoutError);
    expect(error.code).toBe('UND_ERR_BODY_TIMEOUT');
    expectFacts(error, 'body', 'bodyTimeoutMs', 200);
    expect(error.message).toContain('nothing more of the body after 4 bytes');
    expectInTime(tookMs, 200, `body, ${name}`);
    await expectNothingLeft(pool, server);
  },
);

it.each(waysIn)('hears at totalTimeoutMs of a body that drips for ever, through %s', async (name, ask) => {
  const server = await scriptedServer(({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
    dripping(socket, '1\r\nx\r\n', 20);
  });
  const pool = givenPool({ bodyTimeoutMs: 5_000, totalTimeoutMs: 400 });
  const { error, tookMs } = await failureOf<TotalTimeoutError>(() => ask(pool, server.origin));
  expect(error).toBeInstanceOf(TotalTimeoutError);
  expect(error.code).toBe('OPENLINE_TOTAL_TIMEOUT');
  expectFacts(error, 'total', 'totalTimeoutMs', 400);
  expect(error.message).toMatch(/not done \(in mid-body, \d+ bytes of a body received\)/);
  expectInTime(tookMs, 400, `total, ${name}`);
  await expectNothingLeft(pool, server);
});

it.each([
  ['the name', async () => ({ url: 'http://a.test', lookup: (() => undefined) as LookupFunction }), 'dns'],
  [
    'TCP',
    async () => {
      const dead = await deadAddress();
      onTestFinished(() => dead[Symbol.asyncDispose]());
      return { url: `http://${dead.host}:${dead.port}`, lookup: undefined };
    },
    'tcp',
  ],
  [
    'TLS',
    async () => ({ url: `https://127.0.0.1:${(await silentServer()).port}`, lookup: undefined }),
    'tls',
  ],
])(
  'tells at connectTimeoutMs that %s was silent, and callers hear it at acquireTimeoutMs',
  async (_, given, phase) => {
    const { url, lookup } = await given();
    const failed: ConnectError[] = [];
    const pool = givenPool({
      connectTimeoutMs: 200,
      acquireTimeoutMs: 300,
      lookup,
      observers: [{ openFailed: ({ error }) => void failed.push(error) }],
    });
    const { error, tookMs } = await failureOf<AcquireTimeoutError>(() => askByFetch(pool, url));
    expect(error).toBeInstanceOf(AcquireTimeoutError);
    expectInTime(tookMs, 300, `acquire, ${phase}`);
    expect(failed[0]).toMatchObject({ phase });
    expect(error.cause).toBe(failed[0]);
    expect(error.message).toContain(`Last open failed: ${failed[0]?.message}`);
    await expectNothingLeft(pool);
  },
);

it('does not let informational responses or a head that drips move headersTimeoutMs', async () => {
  const early = await scriptedServer(({ socket }) => {
    dripping(socket, 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n', 20);
  });
  const slow = await scriptedServer(({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    dripping(socket, 'x-a: b\r\n', 20);
  });
  for (const server of [early, slow]) {
    const pool = givenPool({ headersTimeoutMs: 300 });
    const { error, tookMs } = await failureOf(() => askByRequest(pool, server.origin));
    expect(error).toBeInstanceOf(HeadersTimeoutError);
    expectInTime(tookMs, 300, 'headers, dripping');
    await expectNothingLeft(pool, server);
  }
});

it('ends headers without an end at maxHeaderSize', async () => {
  const server = await scriptedServer(({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    flooding(socket, Buffer.from(`x-a: ${'b'.repeat(1_000)}\r\n`));
  });
  const pool = givenPool({ maxHeaderSize: 20_000 });
  const { error } = await failureOf(() => askByFetch(pool, server.origin));
  expect(error.code).toBe('UND_ERR_HEADERS_OVERFLOW');
  await expectNothingLeft(pool, server);
});

it('bounds trailers by maxHeaderSize', async () => {
  const server = await scriptedServer(({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n');
    flooding(socket, Buffer.from(`x-a: ${'b'.repeat(1_000)}\r\n`));
  });
  const pool = givenPool({ maxHeaderSize: 20_000 });
  const { error } = await failureOf(() => askByRequest(pool, server.origin));
  expect(error.code).toBe('UND_ERR_HEADERS_OVERFLOW');
  await expectNothingLeft(pool, server);
});

it('does not take the description of a chunk for its body: a flood of it ends at bodyTimeoutMs, and is not kept', async () => {
  const server = await scriptedServer(({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;a=');
    flooding(socket, Buffer.alloc(1_000, 'b'));
  });
  const pool = givenPool({ bodyTimeoutMs: 300 });
  const before = process.memoryUsage().rss;
  const { error } = await failureOf(() => askByRequest(pool, server.origin));
  expect(error).toBeInstanceOf(BodyTimeoutError);
  expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1_048_576);
  await expectNothingLeft(pool, server);
});

it('tells at once of a body that is cut off, and sends the request no second time', async () => {
  const heard: Record<string, string | undefined> = {};
  for (const how of ['end', 'reset'] as const) {
    const server = await scriptedServer(({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nsome', () => {
        if (how === 'end') socket.end();
        else socket.resetAndDestroy();
      });
    });
    const pool = givenPool();
    const { error } = await failureOf(() => askByFetch(pool, server.origin));
    heard[how] = error.code;
    expect(server.asked).toHaveLength(1);
    expect(pool.stats().origins[0]?.requestTotals).toMatchObject({ failed: 1, answered: 0 });
    await expectNothingLeft(pool, server);
  }
  expect(heard).toEqual({
    end: 'UND_ERR_SOCKET',
    reset: expect.stringMatching(/^(UND_ERR_SOCKET|ECONNRESET)$/),
  });
});

it.each<[string, Ask]>([
  ['undici.request', askByRequest],
  ['fetch', askByFetch],
])(
  'tells those in the queue at acquireTimeoutMs while ten others wait for a silent server, through %s',
  async (name, ask) => {
    captureEveryPlace();
    const server = await scriptedServer(() => undefined);
    const pool = givenPool({ max: 10, acquireTimeoutMs: 300, headersTimeoutMs: 800 });
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, () => failureOf<AcquireTimeoutError>(() => ask(pool, server.origin))),
    );
    const queued = outcomes.filter(({ error }) => error instanceof AcquireTimeoutError);
    expect(queued).toHaveLength(2);
    for (const { error, tookMs } of queued) {
      expectInTime(tookMs, 300, `queue, ${name}`);
      expect(error.counts).toMatchObject({ leased: 10, max: 10 });
      expect(error.message).toMatch(/Held longest: connection \d+ for \d+ ms by \w+ \(.*ways-in\.ts:\d+/);
    }
    const sent = outcomes.filter(({ error }) => error instanceof HeadersTimeoutError);
    expect(sent).toHaveLength(10);
    for (const { tookMs } of sent) expectInTime(tookMs, 800, `connected, ${name}`);
    await expectNothingLeft(pool, server);
  },
);

it.each(waysIn)(
  'ends at once when its signal aborts, in the queue, before the head and in mid-body, through %s',
  async (_, ask) => {
    const server = await scriptedServer(({ socket, head }) => {
      if (head.includes('/body')) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nsome');
      else if (head.includes('/ok')) socket.write(answerOf('ok'));
    });
    const pool = givenPool({ max: 1 });
    const aborted = (path: string, ms: number): Promise<{ error: Error; tookMs: number }> => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(new Error(`enough of ${path}`)), ms);
      return failureOf(() => ask(pool, `${server.origin}${path}`, controller.signal));
    };
    const [sent, queued] = await Promise.all([aborted('/silent', 200), aborted('/queued', 100)]);
    expect(queued.error.message).toBe('enough of /queued');
    expectInTime(queued.tookMs, 100, 'abort in the queue');
    expect(sent.error.message).toBe('enough of /silent');
    expectInTime(sent.tookMs, 200, 'abort before the head');
    const body = await aborted('/body', 100);
    expect(body.error.message).toBe('enough of /body');
    expectInTime(body.tookMs, 100, 'abort in mid-body');
    expect(await ask(pool, `${server.origin}/ok`)).toBe('ok');
    expect(server.asked.map(({ head }) => head.split(' ')[1])).toEqual(['/silent', '/body', '/ok']);
    await expectNothingLeft(pool, server);
  },
);
