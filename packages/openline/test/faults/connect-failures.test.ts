// Every way in which a server cannot be connected to: the right error, its phase, and the time that was promised.
import { type LookupFunction, Socket } from 'node:net';
import { AcquireTimeoutError, ConnectError } from 'openline';
import { type PgPoolOptions, Pool } from 'openline/pg';
import { FaultProxy } from 'openline/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DeadAddress, deadAddress } from '../support/dead-address.ts';
import { LoopWatch, stalledMs } from '../support/event-loop.ts';
import { ended } from '../support/pools.ts';
import { givenPostgres } from '../support/postgres.ts';

const plain = givenPostgres();
const secure = givenPostgres({ tls: true });
const expired = givenPostgres({ tls: 'expired' });
let dead: DeadAddress;
let proxy: FaultProxy;

beforeAll(async () => {
  dead = await deadAddress();
  proxy = await FaultProxy.start({ target: { port: plain.server.port } });
});
afterAll(async () => {
  await proxy.close();
  await dead[Symbol.asyncDispose]();
});

/** How much later than promised an error may come, and how long one that comes at once may take. */
const toleranceMs = 50;
const atOnceMs = 250;

interface Failure {
  readonly error: Error & { code?: string; openline?: ConnectError };
  /** From the call to the error. */
  readonly tookMs: number;
  /** How much later the error came than promised, the time not counted in which the event loop stood still then. */
  lateMs(promisedMs: number): number;
}

/** What a pool with these options answers. */
async function failureOf(
  options: PgPoolOptions,
  ask = (pool: Pool): Promise<unknown> => pool.query('select 1'),
): Promise<Failure> {
  const pool = ended(new Pool(options));
  using loop = new LoopWatch();
  const askedAt = performance.now();
  const error = await ask(pool).then(
    () => undefined,
    (reason: Failure['error']) => reason,
  );
  const now = performance.now();
  if (error === undefined) throw new Error('the pool could connect');
  const tookMs = now - askedAt;
  const stalls = loop.stalls();
  return {
    error,
    tookMs,
    lateMs: (promisedMs) => tookMs - promisedMs - stalledMs(stalls, askedAt + promisedMs, now),
  };
}

/** A stream for pg that looks names up as it is told, and asks no name server. */
const lookingUp = (lookup: LookupFunction) => (): Socket => {
  const socket = new Socket();
  const connect = socket.connect.bind(socket) as (options: object) => Socket;
  socket.connect = ((port: number, host: string) => connect({ port, host, lookup })) as Socket['connect'];
  return socket;
};
const notFound: LookupFunction = (host, _options, callback) => {
  const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), {
    code: 'ENOTFOUND',
    errno: -3008,
    syscall: 'getaddrinfo',
    hostname: host,
  });
  setImmediate(() => callback(error, ''));
};
const neverFound: LookupFunction = () => undefined;
const unknownHost = { host: 'database.invalid', user: 'u', password: 'p', database: 'd' };

describe('a server that does not answer', () => {
  const silent: [string, string, () => PgPoolOptions][] = [
    ['a dead address', 'tcp', () => plain.config({ host: dead.host, port: dead.port })],
    ['a deaf listener', 'startup', () => plain.config({ port: proxy.port })],
    ['a deaf listener, over TLS', 'tls', () => plain.config({ port: proxy.port, ssl: true })],
    [
      'a name server that is silent',
      'dns',
      () => ({ ...unknownHost, stream: lookingUp(neverFound) as never }),
    ],
  ];
  beforeAll(() => proxy.deaf());
  afterAll(() => proxy.restore());

  test.each(silent)(
    '%s: waited out, then refused at acquireTimeoutMs (phase %s)',
    async (_what, phase, options) => {
      const { error, tookMs, lateMs } = await failureOf({
        ...options(),
        connectTimeoutMs: 200,
        acquireTimeoutMs: 700,
      });
      expect(error).toBeInstanceOf(AcquireTimeoutError);
      expect(error).toMatchObject({ cause: { phase, timedOut: true, attempts: expect.any(Number) } });
      expect(error.message).toContain(`phase ${phase}`);
      expect(tookMs).toBeGreaterThan(699);
      expect(lateMs(700)).toBeLessThan(toleranceMs);
    },
  );

  test.each(silent)(
    '%s: refused at connectionTimeoutMillis of pg (phase %s)',
    async (_what, phase, options) => {
      const { error, lateMs } = await failureOf({ ...options(), connectionTimeoutMillis: 300 });
      expect(error).toMatchObject({ kind: 'acquire-timeout', cause: { phase, timedOut: true } });
      expect(error.message).toContain(`phase ${phase}`);
      expect(lateMs(300)).toBeLessThan(toleranceMs);
    },
  );

  test.each(silent)(
    '%s: one attempt is given up at connectTimeoutMs (phase %s)',
    async (_what, phase, options) => {
      const warm = (pool: Pool): Promise<void> => pool.warm(1);
      const { error, lateMs } = await failureOf({ ...options(), connectTimeoutMs: 300 }, warm);
      expect(error).toBeInstanceOf(ConnectError);
      expect(error).toMatchObject({ phase, timedOut: true });
      expect(lateMs(300)).toBeLessThan(toleranceMs);
    },
  );

  test('a server whose processes are frozen: refused in time (phase startup)', async () => {
    plain.server.pause();
    try {
      const { error, lateMs } = await failureOf(
        plain.config({ connectTimeoutMs: 200, acquireTimeoutMs: 500 }),
      );
      expect(error).toMatchObject({ kind: 'acquire-timeout', cause: { phase: 'startup', timedOut: true } });
      expect(lateMs(500)).toBeLessThan(toleranceMs);
    } finally {
      plain.server.resume();
    }
  });

  test('every caller is refused at its own deadline', async () => {
    const options = plain.config({ port: proxy.port, connectTimeoutMs: 200, max: 2 });
    const deadlines = [100, 250, 400, 550];
    const late: number[] = [];
    await failureOf(options, async (pool) => {
      using loop = new LoopWatch();
      const from = performance.now();
      const asked = deadlines.map(async (timeoutMs) => {
        await expect(pool.acquire({ timeoutMs })).rejects.toBeInstanceOf(AcquireTimeoutError);
        const now = performance.now();
        late.push(now - from - timeoutMs - stalledMs(loop.stalls(), from + timeoutMs, now));
      });
      await Promise.all(asked);
      throw new Error('as they should');
    });
    for (const lateMs of late) expect(lateMs).toBeLessThan(toleranceMs);
    expect(late).toHaveLength(4);
  });
});

describe('a server that refuses', () => {
  test('connects: tried again until the deadline, then its code and phase', async () => {
    const refused = await FaultProxy.start({ target: { port: plain.server.port } });
    await refused.close();
    const { error, lateMs } = await failureOf(plain.config({ port: refused.port, acquireTimeoutMs: 600 }));
    expect(error).toBeInstanceOf(AcquireTimeoutError);
    expect(error).toMatchObject({
      code: 'ECONNREFUSED',
      syscall: 'connect',
      errno: expect.any(Number),
      cause: { phase: 'tcp', code: 'ECONNREFUSED', address: `127.0.0.1:${refused.port}` },
    });
    expect((error.cause as ConnectError).attempts).toBeGreaterThan(2);
    expect((error.cause as ConnectError).attempts).toBeLessThan(10);
    expect(lateMs(600)).toBeLessThan(toleranceMs);
  });

  test('connects, and is there in time: the caller never hears of it', async () => {
    proxy.refuse();
    const pool = ended(new Pool(plain.config({ port: proxy.port, acquireTimeoutMs: 5_000 })));
    const asked = pool.query('select 1 as one');
    await expect.poll(() => pool.stats().outage?.attempts).toBeGreaterThan(1);
    await proxy.restore();
    expect((await asked).rows).toEqual([{ one: 1 }]);
    expect(pool.stats().outage).toBeUndefined();
  });

  const fatal: [string, string, string | undefined, () => PgPoolOptions][] = [
    ['a wrong password', 'authentication', '28P01', () => plain.config({ password: 'wrong' })],
    ['a missing database', 'authentication', '3D000', () => plain.config({ database: 'missing' })],
    ['an unknown host', 'dns', 'ENOTFOUND', () => ({ ...unknownHost, stream: lookingUp(notFound) as never })],
    ['an expired certificate', 'tls', 'CERT_HAS_EXPIRED', () => expired.config()],
    ['an unknown authority', 'tls', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', () => secure.config({ ssl: true })],
    [
      'a certificate for another host',
      'tls',
      'ERR_TLS_CERT_ALTNAME_INVALID',
      () => secure.config({ ssl: { ca: secure.server.ca, servername: 'other.invalid' } as never }),
    ],
    ['no TLS where it is demanded', 'tls', undefined, () => plain.config({ ssl: true })],
  ];

  test.each(fatal)('%s: its own error at once (phase %s, code %s)', async (_what, phase, code, options) => {
    for (const ask of [undefined, (pool: Pool) => pool.connect(), (pool: Pool) => pool.acquire()]) {
      const { error, tookMs } = await failureOf({ ...options(), acquireTimeoutMs: 10_000 }, ask);
      expect(error.code).toBe(code);
      expect(error).not.toHaveProperty('kind');
      expect(error.openline).toBeInstanceOf(ConnectError);
      expect(error.openline).toMatchObject({ phase, attempts: 1, timedOut: false, cause: error });
      expect(tookMs).toBeLessThan(atOnceMs);
    }
  });

  test.each(fatal)(
    '%s: said to each of a hundred who wait, after one attempt for each connection',
    async (_what, phase, code, options) => {
      const pool = ended(new Pool({ ...options(), max: 2 }));
      const outcomes = await Promise.allSettled(Array.from({ length: 100 }, () => pool.query('select 1')));
      for (const outcome of outcomes)
        expect(outcome).toMatchObject({ status: 'rejected', reason: { openline: { phase } } });
      expect(new Set(outcomes.map((outcome) => (outcome as PromiseRejectedResult).reason.code))).toEqual(
        new Set([code]),
      );
      expect(pool.stats().totals.openFailed).toBeLessThanOrEqual(2);
    },
  );

  test('TLS where it is demanded of a server that has none, in words', async () => {
    const { error } = await failureOf(plain.config({ ssl: true }));
    expect(error.message).toBe('The server does not support SSL connections');
  });
});
