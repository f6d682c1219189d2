// The breaker: an outage that has outlasted acquireTimeoutMs turns callers away at once, while one probe goes on.
import { ConnectError } from 'openline';
import { expect, test } from 'vitest';
import { ask, type Kit, setUp } from './kit.ts';

const refused = Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:5432'), { code: 'ECONNREFUSED' });

function setDown(): Kit {
  return setUp({ max: 4, acquireTimeoutMs: 2_000, connector: { open: refused } });
}

test('before acquireTimeoutMs is over, callers wait', async () => {
  const kit = setDown();
  ask(kit);
  await kit.clock.advance(1_900);
  const asked = ask(kit);
  await kit.clock.settle();
  expect(asked.state).toBe('pending');
  expect(kit.pool.stats().outage?.breakerOpen).toBe(false);
});

test('after it they are refused at once, with the failure of the last open', async () => {
  const kit = setDown();
  ask(kit);
  await kit.clock.advance(2_300);
  const asked = ask(kit);
  await kit.clock.settle();
  expect(asked.error).toBeInstanceOf(ConnectError);
  expect(asked.error).toMatchObject({ code: 'ECONNREFUSED', cause: refused });
  expect(kit.pool.stats().outage?.breakerOpen).toBe(true);
});

test('a single probe goes on with nobody waiting, and its success closes the breaker', async () => {
  const kit = setDown();
  ask(kit);
  await kit.clock.advance(2_300);
  expect(kit.pool.stats().waiting).toBe(0);
  const before = kit.connector.opens.length;
  await kit.clock.advance(5_000);
  const probes = kit.connector.opens.length - before;
  expect(probes).toBeGreaterThan(5);
  expect(probes).toBeLessThanOrEqual(25);
  kit.connector.set('open', 'ok');
  await kit.clock.advance(1_000);
  expect(kit.pool.stats()).toMatchObject({ outage: undefined, idle: 1 });
  const asked = ask(kit);
  await kit.clock.settle();
  expect(asked.state).toBe('resolved');
});

test('the probe does not keep the process alive', async () => {
  const kit = setDown();
  ask(kit);
  await kit.clock.advance(2_300);
  expect(kit.clock.pending.length).toBeGreaterThan(0);
  expect(kit.clock.pending.some((timer) => timer.keepsAlive)).toBe(false);
});

test('a minute after the last caller the probe rests, and the next caller is not turned away', async () => {
  const kit = setDown();
  ask(kit);
  await kit.clock.advance(120_000);
  const before = kit.connector.opens.length;
  await kit.clock.advance(60_000);
  expect(kit.connector.opens.length).toBe(before);
  kit.connector.set('open', 'ok');
  const asked = ask(kit);
  await kit.clock.settle();
  expect(asked.state).toBe('resolved');
});

test('while a live connection serves, nobody is turned away', async () => {
  const kit = setUp({ max: 2, acquireTimeoutMs: 2_000 });
  const held = await kit.pool.acquire();
  kit.connector.set('open', refused);
  ask(kit);
  await kit.clock.advance(5_000);
  expect(kit.pool.stats().outage).toMatchObject({ breakerOpen: false });
  const asked = ask(kit);
  await kit.clock.settle();
  expect(asked.state).toBe('pending');
  held.release();
  await kit.clock.settle();
  expect(asked.state).toBe('resolved');
});
