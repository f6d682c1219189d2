// The log has few lines, each worth reading, and no secrets.
import type { CheckContext } from 'openline';
import { type LoggedPool, type Logger, logPools } from 'openline/telemetry';
import type { FakeConnection } from 'openline/testing';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { explainer } from '../../src/insight/index.ts';
import { collectedUntil } from '../core/collection.ts';
import { ask, type Kit, type KitOptions, lease, setUp } from '../core/kit.ts';

type Line = [level: string, message: string, details: Record<string, unknown>];

/** A pool whose lines are noted, and those of further ones. */
function logged(
  options: KitOptions = {},
  further: readonly LoggedPool[] = [],
): { kit: Kit; lines: Line[]; stop: () => void } {
  const kit = setUp({ name: 'orders', max: 1, ...options });
  const lines: Line[] = [];
  const writing = (level: string) => (details: object, message: string) =>
    void lines.push([level, message, details as Record<string, unknown>]);
  const logger: Logger = { info: writing('info'), warn: writing('warn'), error: writing('error') };
  const log = logPools([kit.pool, ...further], logger, { clock: kit.clock });
  const stop = (): void => log[Symbol.dispose]();
  onTestFinished(stop);
  return { kit, lines, stop };
}

const told = (lines: readonly Line[]): string[] => lines.map(([level, message]) => `${level} ${message}`);

test('an outage has a line when it begins, when the breaker opens, and when it is over', async () => {
  const { kit, lines } = logged({ acquireTimeoutMs: 2_000, connector: { open: new Error('no route') } });
  const callers = setIntervalOn(kit);
  await kit.clock.advance(12_000);
  kit.connector.set('open', 'ok');
  await kit.clock.advance(6_000);
  callers.stop();
  const ofOutage = lines.filter(([, message]) => !message.endsWith('acquire timed out'));
  expect(told(ofOutage)).toEqual([
    'warn pool "orders": cannot connect',
    'error pool "orders": breaker open',
    'info pool "orders": breaker closed',
    'info pool "orders": connected again',
  ]);
  expect(ofOutage[0]![2]).toMatchObject({
    pool: 'orders',
    phase: 'open',
    error: expect.stringContaining('no route'),
  });
  expect(ofOutage[1]![2]).toMatchObject({ outageMs: 2_001, error: expect.stringContaining('no route') });
  expect(ofOutage[2]![2]).toMatchObject({ reason: 'recovered', openMs: expect.any(Number) });
  expect(ofOutage[3]![2]['attempts']).toBeGreaterThan(1);
});

test('a lease that lasts too long has a line with its place and age, and one when it comes back', async () => {
  const { kit, lines } = logged({ leakThresholdMs: 2_000 });
  const [held] = await lease(kit, 1);
  await kit.clock.advance(4_000);
  held!.release();
  expect(told(lines)).toEqual([
    'warn pool "orders": lease overdue',
    'info pool "orders": overdue lease returned',
  ]);
  expect(lines[0]![2]).toMatchObject({ pool: 'orders', connectionId: 1 });
  expect(lines[0]![2]['ageMs']).toBeGreaterThanOrEqual(2_000);
  expect(lines[0]![2]).toHaveProperty('place');
  expect(lines[1]![2]).toMatchObject({ connectionId: 1, heldMs: 4_000, place: lines[0]![2]['place'] });
});

test('a lease that was garbage-collected without an end has a line', async () => {
  const { kit, lines } = logged({ leakThresholdMs: 60_000 });
  await lease(kit, 1);
  await kit.clock.advance(3_000);
  expect(await collectedUntil(() => lines.length > 0)).toBe(true);
  expect(told(lines)).toEqual(['warn pool "orders": lease leaked']);
  expect(lines[0]![2]).toMatchObject({ connectionId: 1, ageMs: 3_000 });
});

test('a dirty return has a line', async () => {
  const { kit, lines } = logged({ connector: { reset: 'ok' } });
  Object.assign(kit.connector, {
    reset: (_: FakeConnection, context: CheckContext) => context.dirty('an open transaction'),
  });
  await kit.pool.use(() => undefined);
  await kit.clock.settle();
  expect(told(lines)).toEqual(['warn pool "orders": dirty return']);
  expect(lines[0]![2]).toMatchObject({ connectionId: 1, what: 'an open transaction' });
});

test('a pool that stays full while callers wait has a line, and another one when there is room', async () => {
  const { kit, lines } = logged({ acquireTimeoutMs: 60_000, leakThresholdMs: 600_000 });
  const [held] = await lease(kit, 1);
  const waiting = ask(kit);
  await kit.clock.advance(9_000);
  expect(lines).toEqual([]);
  await kit.clock.advance(20_000);
  expect(told(lines)).toEqual(['warn pool "orders": near exhaustion']);
  expect(lines[0]![2]).toMatchObject({ pool: 'orders', leased: 1, max: 1, waiting: 1 });
  held!.release();
  await kit.clock.settle();
  waiting.value.release();
  await kit.clock.advance(10_000);
  expect(told(lines).slice(1)).toEqual(['info pool "orders": room again']);
  expect(lines[1]![2]).toEqual({ pool: 'orders', leased: 0, max: 1, waiting: 0 });
});

test('a logger that ends the log when it is told ends the looks at the pools too', async () => {
  const kit = setUp({ name: 'orders', max: 1, acquireTimeoutMs: 600_000, leakThresholdMs: 600_000 });
  let looks = 0;
  const counted = {
    stats: () => {
      looks++;
      return kit.pool.stats();
    },
  };
  const lines: string[] = [];
  const stopping = (_: object, message: string): void => {
    lines.push(message);
    log[Symbol.dispose]();
  };
  const logger: Logger = { info: stopping, warn: stopping, error: stopping };
  const log = logPools([counted, counted], logger, { clock: kit.clock });
  const [held] = await lease(kit, 1);
  const waiting = ask(kit);
  await kit.clock.advance(10_000);
  expect(lines).toEqual(['pool "orders": near exhaustion']);
  const before = looks;
  await kit.clock.advance(60_000);
  expect(looks).toBe(before);
  held!.release();
  await kit.clock.settle();
  waiting.value.release();
});

/** Twice as many callers come as can be served: each lease lasts for 100 ms. */
async function overrun(kit: Kit, ms: number): Promise<void> {
  const callers: ReturnType<typeof ask>[] = [];
  for (let at = 0; at < ms; at += 100) {
    callers.push(ask(kit), ask(kit));
    await kit.clock.advance(100);
    callers.shift()!.value.release();
  }
}

test('the line of a pool near exhaustion says why, where that can be told', async () => {
  const { kit, lines } = logged({ acquireTimeoutMs: 600_000, maxWaiters: 10_000 });
  await overrun(kit, 12_000);
  expect(told(lines)).toEqual(['warn pool "orders": near exhaustion']);
  expect(lines[0]![2]['diagnosis']).toMatch(/^The pool is too small: .*leased/);
});

test('the line of an acquire that timed out has the diagnosis of its error', async () => {
  const { kit, lines } = logged({ explainer, leakThresholdMs: 600_000 });
  const [held] = await lease(kit, 1);
  const refused = ask(kit, { timeoutMs: 4_000 });
  await kit.clock.advance(4_000);
  const { diagnosis } = refused.error as unknown as { diagnosis: string };
  expect(diagnosis).toMatch(/\w/);
  expect(lines[0]![2]).toMatchObject({ pool: 'orders', waitedMs: 4_000, diagnosis });
  held!.release();
});

test('pools of one name are looked at one by one, and what has stats alone has no diagnosis', async () => {
  const full = setUp({ name: 'orders', max: 1, acquireTimeoutMs: 60_000 });
  const { kit, lines } = logged({}, [{ stats: () => full.pool.stats() }]);
  const [held] = await lease(full, 1);
  const waiting = ask(full);
  await kit.clock.advance(12_000);
  expect(lines).toEqual([
    ['warn', 'pool "orders": near exhaustion', { pool: 'orders', leased: 1, max: 1, waiting: 1 }],
  ]);
  held!.release();
  await full.clock.settle();
  waiting.value.release();
});

test('the origins of an HttpPool are looked at one by one, each with its diagnosis', async () => {
  const origin = setUp({ name: 'shop https://a.example', max: 1, acquireTimeoutMs: 600_000 });
  const calm = setUp({ name: 'shop https://b.example', max: 1 });
  const shop = { stats: () => ({ name: 'shop', origins: [] }), pools: () => [calm.pool, origin.pool] };
  const lines: object[] = [];
  const line = (details: object, message: string): void => void lines.push({ message, ...details });
  const log = logPools([shop], { info: line, warn: line, error: line }, { clock: origin.clock });
  await overrun(origin, 12_000);
  log[Symbol.dispose]();
  expect(lines).toMatchObject([
    { message: 'pool "shop https://a.example": near exhaustion', pool: 'shop https://a.example' },
  ]);
  expect(lines[0]).toHaveProperty('diagnosis', expect.stringMatching(/^The pool is too small: /));
});

describe('a full pool is watched no longer', () => {
  /** Full since before the last look, with a caller that waits. The watch has two timers: for its snapshots, and to probe the event loop. */
  async function full(): Promise<ReturnType<typeof logged> & { timers: () => number }> {
    const log = logged({ acquireTimeoutMs: 600_000, leakThresholdMs: 600_000 });
    const { kit } = log;
    const [held] = await lease(kit, 1);
    const waiting = ask(kit);
    onTestFinished(async () => {
      held!.release();
      await kit.clock.settle();
      waiting.value.release();
    });
    await kit.clock.advance(6_000);
    return { ...log, timers: () => kit.clock.pending.length };
  }

  test('than until its line is written', async () => {
    const { kit, lines, timers } = await full();
    const before = timers();
    await kit.clock.advance(5_000);
    expect(lines).toHaveLength(1);
    expect(timers()).toBe(before - 2);
  });

  test('than the log lasts', async () => {
    const { lines, stop, timers } = await full();
    const before = timers();
    stop();
    // The look at all pools is over too.
    expect(timers()).toBe(before - 3);
    expect(lines).toEqual([]);
  });
});

test('leases and waits that end well have no line', async () => {
  const { kit, lines } = logged({ max: 3, connector: { validate: 'none' } });
  for (let round = 0; round < 100; round++) {
    const leases = await lease(kit, 3);
    const waiting = ask(kit);
    for (const each of leases) each.release();
    await kit.clock.advance(100);
    waiting.value.release();
  }
  expect(lines).toEqual([]);
});

test('a kind of line comes five times a minute at the most, and the next one counts those left out', async () => {
  const { kit, lines } = logged({ leakThresholdMs: 600_000 });
  const [held] = await lease(kit, 1);
  for (let caller = 0; caller < 20; caller++) ask(kit, { timeoutMs: 10 + caller });
  await kit.clock.advance(1_000);
  expect(told(lines)).toEqual(Array(5).fill('warn pool "orders": acquire timed out'));
  await kit.clock.advance(60_000);
  ask(kit, { timeoutMs: 10 });
  await kit.clock.advance(10);
  expect(lines).toHaveLength(6);
  expect(lines[5]![2]).toMatchObject({ leftOut: 15, waitedMs: 10 });
  held!.release();
});

test('no line has a credential in it, though the driver’s message has', async () => {
  const { kit, lines } = logged({
    connector: { open: new Error('bad url postgres://me:hush@host/db?x=1 password=hush, token: "hush"') },
  });
  ask(kit, { timeoutMs: 500 });
  await kit.clock.advance(500);
  expect(lines.length).toBeGreaterThanOrEqual(2);
  expect(JSON.stringify(lines)).not.toContain('hush');
  expect(JSON.stringify(lines)).toContain('postgres://***@host/db');
});

test('another pool of the process, and one that is no longer logged, have no lines', async () => {
  const { kit, lines, stop } = logged({ leakThresholdMs: 2_000 });
  const other = setUp({ name: 'others', leakThresholdMs: 2_000 });
  const [theirs] = await lease(other, 1);
  await other.clock.advance(4_000);
  theirs!.release();
  stop();
  const [held] = await lease(kit, 1);
  await kit.clock.advance(4_000);
  held!.release();
  expect(lines).toEqual([]);
});

test('a logger that throws is warned of, and everything goes on', async () => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  onTestFinished(() => warn.mockRestore());
  const kit = setUp({ name: 'orders', max: 1, connector: { open: new Error('no route') } });
  const throwing = (): never => {
    throw new Error('of the logger');
  };
  const log = logPools([kit.pool], { info: throwing, warn: throwing, error: throwing }, { clock: kit.clock });
  const asked = ask(kit, { timeoutMs: 100 });
  await kit.clock.advance(100);
  log[Symbol.dispose]();
  expect(asked.error?.code).toBe('OPENLINE_ACQUIRE_TIMEOUT');
  expect(warn.mock.calls.map(([text]) => text)).toContain('the logger threw: Error: of the logger');
});

/** Callers who come every 100 ms, and give back what they get. */
function setIntervalOn(kit: Kit): { stop(): void } {
  let timer = kit.clock.setTimer(again, 100);
  function again(): void {
    void kit.pool.use(() => undefined).catch(() => undefined);
    timer = kit.clock.setTimer(again, 100);
  }
  return { stop: () => timer.cancel() };
}
