// A server that is killed and comes back, under callers who never stop asking: no crash, no storm, nobody late, and soon over.
import { setTimeout as pause } from 'node:timers/promises';
import { AcquireTimeoutError, ConnectError } from 'openline';
import { Pool } from 'openline/pg';
import { FaultProxy } from 'openline/testing';
import { type PostgresServer, startPostgres } from 'openline-cli/servers';
import pg from 'pg';
import { describe, expect, type TestContext, test, vi } from 'vitest';
import { Callers } from '../support/callers.ts';
import { LoopWatch, stalledMs } from '../support/event-loop.ts';
import { until } from '../support/postgres.ts';

const callers = 20;
const max = 10;
/** A call is late when its answer comes so much after its deadline, for no fault of the event loop's. */
const lateFromMs = 50;

interface Terms {
  readonly acquireTimeoutMs: number;
  /** From the kill to the order to start again; the start itself takes a moment more. */
  readonly downMs: number;
}

/** What an outage was like. Times in milliseconds. */
interface Account {
  readonly callers: Callers;
  readonly killedAt: number;
  /** The server accepts again. */
  readonly backAt: number;
  /** Connects that reached the place where the server was, from its death to its return. */
  readonly attempts: number;
  /** From its return to the first success, the time not counted in which the event loop stood still. */
  readonly recoveryMs: number;
  /** The latest answer, counted from its call's deadline; negative when all were early. */
  readonly latestMs: number;
}

async function outage(
  { onTestFinished }: TestContext,
  { acquireTimeoutMs, downMs }: Terms,
): Promise<Account> {
  const server = await startPostgres();
  onTestFinished(() => server.stop());
  const proxy = await FaultProxy.start({ target: { port: server.port } });
  onTestFinished(() => proxy.close());
  const { user, password, database } = server;
  const address = { port: proxy.port, host: proxy.host, user, password, database };
  let triedAt = 0;
  const opening = (): void => {
    triedAt = performance.now();
  };
  const opened = vi.fn(() => triedAt);
  const pool = new Pool({ ...address, max, acquireTimeoutMs, observers: [{ opening, opened }] });
  onTestFinished(() => pool.end());
  using loop = new LoopWatch();
  const asking = new Callers(callers, () => pool.query('select pg_sleep(0.01)'));

  await until(() => asking.calls.length > 200 && pool.totalCount === max, 'the pool is warm', 20_000);
  opened.mockClear();
  proxy.resetCounts();
  proxy.refuse('reset');
  const killedAt = performance.now();
  await server.kill();
  await pause(downMs - (performance.now() - killedAt));
  const starting = server.start();
  await accepts(server);
  const attempts = proxy.accepted;
  const backAt = performance.now();
  await proxy.restore();
  await starting;
  await until(() => asking.successesAfter(backAt).length > 200, 'the callers are served again', 20_000);
  await asking.stop();

  const stalls = loop.stalls();
  const lateness = asking.calls.map(({ askedAt, endedAt }) => {
    const deadline = askedAt + acquireTimeoutMs;
    return endedAt - deadline - stalledMs(stalls, deadline, endedAt);
  });
  const firstSuccessAt = asking.successesAfter(backAt)[0]?.endedAt ?? Number.NaN;
  const recoveryMs = firstSuccessAt - backAt - stalledMs(stalls, backAt, firstSuccessAt);
  const account = { killedAt, backAt, attempts, recoveryMs, latestMs: Math.max(...lateness) };
  const untilTriedMs = Number(opened.mock.results[0]?.value) - backAt;
  tellFigures({
    ...account,
    untilTriedMs,
    downMs,
    acquireTimeoutMs,
    failures: asking.failures.length,
    longestStallMs: Math.max(0, ...stalls.map((stall) => stall.until - stall.from)),
  });
  return { ...account, callers: asking };
}

/** Asks the server itself, not through the proxy, whether it accepts again. */
async function accepts(server: PostgresServer): Promise<void> {
  const everyMs = 20;
  for (;;) {
    const connectionString = server.connectionString();
    const client = new pg.Client({ connectionString, connectionTimeoutMillis: 1_000 });
    client.on('error', () => undefined);
    const connected = await client.connect().then(
      () => true,
      () => false,
    );
    if (connected) return void client.end();
    await pause(everyMs);
  }
}

/** For whoever wants to see more than that it passed. */
function tellFigures(figures: Record<string, number>): void {
  const rounded = Object.entries(figures).map(([name, value]) => [name, Math.round(value)]);
  if (process.env['OPENLINE_TEST_FIGURES']) console.log(Object.fromEntries(rounded));
}

/** What fails with the connection under a statement is the driver's to tell, within a moment of the death. */
function expectStatementsInFlight(
  failures: readonly { error: unknown; endedAt: number }[],
  killedAt: number,
): void {
  expect(failures.length).toBeLessThanOrEqual(max);
  for (const { error, endedAt } of failures) {
    expect(error).not.toHaveProperty('kind');
    expect(endedAt - killedAt).toBeLessThan(2_000);
  }
}

describe.concurrent('a server that is killed for 10 s', () => {
  test.sequential('costs the statements in flight and nothing else, where callers wait up to 15 s', async (context) => {
    const account = await outage(context, { acquireTimeoutMs: 15_000, downMs: 10_000 });
    expectStatementsInFlight(account.callers.failures, account.killedAt);
    expect(account.attempts).toBeLessThanOrEqual(40);
    expect(account.recoveryMs).toBeLessThan(700);
    expect(account.latestMs).toBeLessThan(lateFromMs);
  });

  test.sequential('turns callers away in time, where they wait up to 2 s, and serves them as soon as it is back', async (context) => {
    const account = await outage(context, { acquireTimeoutMs: 2_000, downMs: 10_000 });
    const { failures } = account.callers;
    const inFlight = failures.filter(
      ({ error }) => error?.kind === undefined && error?.code !== 'ECONNRESET',
    );
    expectStatementsInFlight(inFlight, account.killedAt);
    const timedOut = failures.filter(({ error }) => error instanceof AcquireTimeoutError);
    expect(timedOut.length).toBeGreaterThanOrEqual(callers);
    for (const { error } of timedOut) {
      expect(error?.code).toBe('ECONNRESET');
      expect(error?.cause).toBeInstanceOf(ConnectError);
    }
    // Once the outage has outlasted their patience, callers are told at once.
    const atOnce = failures.filter(
      ({ askedAt, endedAt }) => endedAt - askedAt < 100 && askedAt > account.killedAt + 5_000,
    );
    expect(atOnce.length).toBeGreaterThan(callers);
    expect(account.attempts).toBeLessThanOrEqual(40);
    expect(account.recoveryMs).toBeLessThan(700);
    expect(account.latestMs).toBeLessThan(lateFromMs);
  });
});

describe.concurrent('a server that is killed for 60 s', () => {
  test('is asked no more than 80 times', async (context) => {
    const account = await outage(context, { acquireTimeoutMs: 15_000, downMs: 60_000 });
    expect(account.attempts).toBeLessThanOrEqual(80);
    // A probe comes every twentieth of the outage's age, give or take a quarter.
    expect(account.recoveryMs).toBeLessThan((60_000 / 20) * 1.25 + 700);
    expect(account.latestMs).toBeLessThan(lateFromMs);
  });
});
