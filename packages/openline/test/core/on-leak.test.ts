// What is done about a lease that lasts too long is the pool's option.
import { channel } from 'node:diagnostics_channel';
import { channelNames, createPool, InvalidOptionsError, type Leak, type Lease, LeaseError } from 'openline';
import type { FakeConnection } from 'openline/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { captureEveryPlace } from '../support/every-place.ts';
import { collectedUntil } from './collection.ts';
import { ask, type Kit, type KitOptions, lease, setUp } from './kit.ts';

beforeEach(captureEveryPlace);

afterEach(() => {
  vi.restoreAllMocks();
});

const options: KitOptions = { max: 1, leakThresholdMs: 4_000, warnsOfLeaks: true };

/** The warnings about leaks from now on, of the pool of this name. */
function warningsOf(poolName: string): string[] {
  const warnings: string[] = [];
  vi.spyOn(process, 'emitWarning').mockImplementation((message, details) => {
    const { code } = (details ?? {}) as { code?: string };
    if (code === 'OPENLINE_LEAK' && String(message).includes(`"${poolName}"`)) warnings.push(String(message));
  });
  return warnings;
}

/** Of one place in the code the process is warned once: each test has places of its own. */
async function granted(
  acquiring: Promise<Lease<FakeConnection>>,
  { clock }: Kit,
): Promise<Lease<FakeConnection>> {
  await clock.settle();
  return acquiring;
}

async function leak({ pool, clock }: Kit): Promise<FakeConnection> {
  const acquiring = pool.acquire();
  await clock.settle();
  const { connection } = await acquiring;
  await clock.advance(2_000);
  return connection;
}

describe('report', () => {
  test('is the default: a process that has no observer is warned, once for each place', async () => {
    const warnings = warningsOf('unwatched');
    const kit = setUp({ ...options, max: 3, name: 'unwatched' });
    const held = await lease(kit, 2);
    const elsewhere = kit.pool.acquire();
    await kit.clock.advance(9_000);
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatch(
      /^pool "unwatched": the lease of connection 1 that was acquired at ask \(.*kit\.ts:\d+:\d+\) has lasted for 4\.0 s\. End it in a finally block/,
    );
    expect(warnings[1]).toContain('on-leak.test.ts');
    expect(kit.pool.stats().leased).toBe(3);
    for (const each of [...held, await elsewhere]) each.release();
  });

  test('of a lease that was collected warns too', async () => {
    const warnings = warningsOf('collected');
    const kit = setUp({ ...options, leakThresholdMs: 60_000, name: 'collected' });
    await leak(kit);
    expect(await collectedUntil(() => warnings.length > 0)).toBe(true);
    expect(warnings[0]).toMatch(/at leak \(.*was garbage-collected after 2\.0 s and had never ended\./);
  });

  test('leaves it to the observers of the pool where there are some; who hears of all pools on a channel may look at others only', async () => {
    const warnings = warningsOf('watched');
    const watched = setUp({ ...options, name: 'watched', observers: [{ leaseOverdue: () => undefined }] });
    const acquire = (kit: Kit): Promise<unknown> => granted(kit.pool.acquire(), kit);
    await acquire(watched);
    await watched.clock.advance(9_000);
    expect(warnings).toEqual([]);
    const heard: unknown[] = [];
    const onOverdue = (event: unknown): void => void heard.push(event);
    channel(channelNames.leaseOverdue).subscribe(onOverdue);
    const onChannel = setUp({ ...options, name: 'watched' });
    await acquire(onChannel);
    await onChannel.clock.advance(9_000);
    channel(channelNames.leaseOverdue).unsubscribe(onOverdue);
    expect(heard).toHaveLength(1);
    expect(warnings).toHaveLength(1);
  });
});

describe('reclaim', () => {
  test('closes the connection under its holder, whose use of it fails and whose end of it is forgiven', async () => {
    const told: string[] = [];
    const kit = setUp({
      ...options,
      onLeak: 'reclaim',
      observers: [
        {
          leaseOverdue: () => told.push('leaseOverdue'),
          overdueReturned: () => told.push('overdueReturned'),
          closed: ({ reason }) => told.push(`closed ${reason}`),
        },
      ],
    });
    const [held] = await lease(kit, 1);
    const { connection } = held!;
    const waiting = ask(kit);
    await kit.clock.advance(5_100);
    expect(kit.connector.live).not.toContain(connection);
    expect(waiting.value.connection.id).toBe(2);
    expect(() => held!.connection).toThrow(LeaseError);
    expect(() => held!.connection).toThrow(
      /its connection was used after the lease had been taken back by the pool at leakThresholdMs \(acquired at /,
    );
    expect(() => held!.detach()).toThrow(LeaseError);
    held!.release();
    held!.discard();
    expect(told).toEqual(['leaseOverdue', 'closed leaked']);
    waiting.value.release();
    expect(kit.pool.stats().totals).toMatchObject({ acquired: 2, released: 2 });
  });

  test('warns of it where nobody hears', async () => {
    const warnings = warningsOf('reclaiming');
    const kit = setUp({ ...options, name: 'reclaiming', onLeak: 'reclaim' });
    await granted(kit.pool.acquire(), kit);
    await kit.clock.advance(5_100);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('has lasted for 4.0 s, and is taken back. End it');
  });

  test('of a share leaves the others on the line to their end', async () => {
    const kit = setUp({ ...options, onLeak: 'reclaim', connector: { capacity: 2 } });
    const [first] = await lease(kit, 1, 'shared');
    await kit.clock.advance(3_000);
    const [second] = await lease(kit, 1, 'shared');
    await kit.clock.advance(2_000);
    expect(first!.ended).toBe(true);
    expect(kit.pool.stats()).toMatchObject({ leases: 1, leased: 1 });
    second!.release();
    await kit.clock.settle();
    expect(kit.pool.stats()).toMatchObject({ size: 0, totals: { closed: { leaked: 1 } } });
  });

  test('takes nothing that is lent for long on purpose', async () => {
    const kit = setUp({ ...options, onLeak: 'reclaim' });
    Object.assign(kit.connector, { isKept: () => true });
    const [held] = await lease(kit, 1);
    await kit.clock.advance(60_000);
    held!.release();
    expect(kit.pool.stats().totals.closed).toEqual({});
  });

  test('takes nothing from a lease that an observer ends when it is told', async () => {
    const held: Lease<FakeConnection>[] = [];
    const kit = setUp({
      ...options,
      onLeak: 'reclaim',
      observers: [{ leaseOverdue: () => held[0]!.release() }],
    });
    held.push(...(await lease(kit, 1)));
    await kit.clock.advance(6_000);
    expect(kit.pool.stats()).toMatchObject({ idle: 1, totals: { closed: {} } });
    expect(kit.pool.connections()[0]!.condemned).toBeUndefined();
  });
});

describe('a function', () => {
  test('is called with the facts, and nothing is warned of', async () => {
    const warnings = warningsOf('asking');
    const leaks: Leak[] = [];
    const kit = setUp({ ...options, name: 'asking', onLeak: (each) => leaks.push(each) });
    const held = await granted(kit.pool.acquire(), kit);
    await kit.clock.advance(9_000);
    held.release();
    expect(leaks).toMatchObject([
      { poolName: 'asking', connectionId: 1, connection: { id: 1 }, ageMs: 4_000, isProven: false },
    ]);
    expect(leaks[0]!.place).toContain('on-leak.test.ts');
    expect(warnings).toEqual([]);
  });

  test('hears of a lease that was collected as proven', async () => {
    const leaks: Leak[] = [];
    const kit = setUp({ ...options, leakThresholdMs: 60_000, onLeak: (each) => leaks.push(each) });
    await leak(kit);
    expect(await collectedUntil(() => leaks.length > 0)).toBe(true);
    expect(leaks).toMatchObject([{ connectionId: 1, ageMs: 2_000, isProven: true }]);
  });

  test('that throws is warned of, and hurts nobody', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const kit = setUp({
      ...options,
      onLeak: () => {
        throw new Error('of the user');
      },
    });
    const [held] = await lease(kit, 1);
    await kit.clock.advance(9_000);
    expect(warn).toHaveBeenCalledWith('onLeak threw: Error: of the user', expect.anything());
    held!.release();
    expect(kit.pool.stats().idle).toBe(1);
  });
});

test.each(['close', 1, null, {}])('%j is refused', (onLeak) => {
  const make = (): unknown => createPool({ open: async () => ({}) }, { onLeak } as never);
  expect(make).toThrow(InvalidOptionsError);
  expect(make).toThrow("onLeak is not known: give 'report', 'reclaim' or a function");
});

test('an onLeak that closes the pool leaves nothing behind', async () => {
  const kit = setUp({
    ...options,
    min: 1,
    onLeak: () => void kit.pool.close({ timeoutMs: 0 }).catch(() => undefined),
  });
  await lease(kit, 1);
  await kit.clock.advance(5_000);
  expect(kit.pool.stats()).toMatchObject({ state: 'closed', size: 0 });
  expect(kit.clock.pending).toEqual([]);
});

test('a lease that was ended by what heard of another is not told of', async () => {
  const overdue: number[] = [];
  const held: Lease<FakeConnection>[] = [];
  const kit = setUp({
    ...options,
    max: 2,
    onLeak: ({ connectionId }) => {
      overdue.push(connectionId);
      for (const each of held.splice(0)) each.release();
    },
  });
  held.push(...(await lease(kit, 2)));
  await kit.clock.advance(9_000);
  expect(overdue).toEqual([1]);
});
