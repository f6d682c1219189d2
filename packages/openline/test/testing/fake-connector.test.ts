// A connector whose steps go as they were scripted, and that knows what is open.
import { createPool } from 'openline';
import { FakeConnector, ManualClock } from 'openline/testing';
import { describe, expect, test } from 'vitest';

const context = () => {
  const controller = new AbortController();
  const { signal } = controller;
  return { controller, signal, phase: () => undefined, address: () => undefined, dirty: () => undefined };
};

describe('a step', () => {
  test('succeeds or fails at once as scripted, the next calls first, then as ever', async () => {
    const connector = new FakeConnector();
    const fault = new Error('no route');
    connector.next('open', fault, 'fail');
    await expect(connector.open(context())).rejects.toBe(fault);
    await expect(connector.open(context())).rejects.toThrow('open failed, as the test asked');
    await expect(connector.open(context())).resolves.toEqual({ id: 1 });
    connector.set('open', 'fail');
    await expect(connector.open(context())).rejects.toThrow();
    expect([connector.opens.length, connector.opened, connector.live.size]).toEqual([4, 1, 1]);
  });

  test('that is slow waits for its gate, and gives up with its signal', async () => {
    const connector = new FakeConnector({ open: 'slow' });
    const first = connector.open(context());
    const given = context();
    const second = connector.open(given);
    connector.opens[0]!.succeed();
    given.controller.abort(new Error('given up'));
    await expect(first).resolves.toEqual({ id: 1 });
    await expect(second).rejects.toThrow('given up');
    expect(connector.opens.map(({ settled }) => settled)).toEqual([true, true]);
  });

  test('that is slow ends by itself where there is a clock, and leaves no timer', async () => {
    const clock = new ManualClock();
    const connector = new FakeConnector({ open: 'slow', clock, slowMs: 40 });
    const first = connector.open(context());
    const second = connector.open(context());
    connector.opens[1]!.fail();
    await expect(second).rejects.toThrow();
    expect(clock.pending).toEqual([{ dueInMs: 40, keepsAlive: true }]);
    await clock.advance(40);
    await expect(first).resolves.toEqual({ id: 1 });
    expect(clock.pending).toEqual([]);
  });

  test('that never ends ignores its signal, and may be ended late', async () => {
    const connector = new FakeConnector({ open: 'never' });
    const given = context();
    const opening = connector.open(given);
    given.controller.abort();
    expect(connector.opens[0]!.settled).toBe(false);
    connector.opens[0]!.succeed();
    connector.opens[0]!.fail();
    await expect(opening).resolves.toEqual({ id: 1 });
    expect(connector.opens[0]!.connection).toEqual({ id: 1 });
  });

  test('that the connector does not have is not there', () => {
    const bare = new FakeConnector({ validate: 'none', close: 'none', tellsLost: false });
    expect([bare.validate, bare.reset, bare.close, bare.onLost]).toEqual(Array(4).fill(undefined));
    const full = new FakeConnector({ reset: 'ok' });
    expect([full.validate, full.reset, full.close, full.onLost].map((step) => typeof step)).toEqual(
      Array(4).fill('function'),
    );
  });
});

describe('a connection', () => {
  test('is live from its open to its close, and what is done with it after is noted', async () => {
    const connector = new FakeConnector({ reset: 'ok' });
    const connection = await connector.open(context());
    expect(connector.live.has(connection)).toBe(true);
    await connector.close!(connection);
    await connector.validate!(connection, context());
    await connector.reset!(connection, context());
    await connector.close!(connection);
    expect([connector.opened, connector.closed, connector.live.size]).toEqual([1, 1, 0]);
    expect(connector.misuses).toEqual([
      'validate of connection 1 after its close',
      'reset of connection 1 after its close',
      'connection 1 closed twice',
    ]);
  });

  test('has a capacity of its own, or the common one', async () => {
    const connector = new FakeConnector({ capacity: 4 });
    const [first, second] = [await connector.open(context()), await connector.open(context())];
    connector.setCapacity(1, first);
    expect([connector.capacity(first), connector.capacity(second)]).toEqual([1, 4]);
    connector.setCapacity(8);
    expect([connector.capacity(first), connector.capacity(second)]).toEqual([1, 8]);
  });

  test('that is lost tells its pool once', async () => {
    const connector = new FakeConnector();
    const pool = createPool(connector);
    await pool.warm(1);
    const [connection] = connector.live;
    expect(connector.lose(connection!)).toBe(true);
    expect(connector.lose(connection!)).toBe(false);
    expect(pool.stats()).toMatchObject({ idle: 0, totals: { closed: {} } });
    await pool.close();
    expect(pool.stats().totals.closed).toEqual({ lost: 1 });
  });

  test('is quiet unless it is busy', async () => {
    const connector = new FakeConnector();
    const connection = await connector.open(context());
    expect(connector.isQuiet(connection)).toBe(true);
    connector.busy.add(connection);
    expect(connector.isQuiet(connection)).toBe(false);
  });
});
