// What the server says of a session over another connection: whether it is slow, or the line is dead.
import { ManualClock } from 'openline/testing';
import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { DriverClient } from '../../src/pg/driver.ts';
import { type SessionState, sessionState } from '../../src/pg/session-state.ts';
import { givenPostgres, until } from '../support/postgres.ts';

type Client = pg.Client & DriverClient;

/** More than any answer here takes. */
const limitMs = 60_000;

describe.each([15, 18] as const)('PostgreSQL %i', (version) => {
  const database = givenPostgres({ version });

  async function connected(config: pg.ClientConfig = {}): Promise<Client> {
    const client = new pg.Client({ ...database.config(), ...config }) as Client;
    client.on('error', () => undefined);
    await client.connect();
    onTestFinished(() => void client.connection!.stream.destroy());
    return client;
  }

  const stateOf = (client: Client, asker: Client, ageMs = 0): Promise<SessionState> =>
    sessionState(client, { asker, ageMs, limitMs });

  async function comesTo(state: SessionState, client: Client, asker: Client): Promise<void> {
    await until(async () => (await stateOf(client, asker)) === state, `the session is ${state}`);
  }

  /** Does not wait for the end of a statement that a test leaves under way. */
  const start = (client: Client, text: string): void => void client.query(text).catch(() => undefined);

  test('a session at work is running, and idle after it', async () => {
    const [client, asker] = [await connected(), await connected()];
    start(client, 'select pg_sleep(60)');
    await comesTo('running', client, asker);
    await asker.query('select pg_cancel_backend($1)', [client.processID]);
    await comesTo('idle', client, asker);
  });

  test('a session that waits for a lock is running', async () => {
    const [client, asker] = [await connected(), await connected()];
    await asker.query('select pg_advisory_lock(1)');
    start(client, 'select pg_advisory_lock(1)');
    const waits = 'select from pg_locks where pid = $1 and not granted';
    await until(async () => (await asker.query(waits, [client.processID])).rowCount === 1, 'it waits');
    expect(await stateOf(client, asker)).toBe('running');
  });

  test('a session between the statements of a transaction is idle, failed or not', async () => {
    const [client, asker] = [await connected(), await connected()];
    await client.query('begin');
    expect(await stateOf(client, asker)).toBe('idle');
    await client.query('select nonsense').catch(() => undefined);
    expect(await stateOf(client, asker)).toBe('idle');
  });

  test('a session with half a statement is idle: it waits for the client', async () => {
    const [client, asker] = [await connected(), await connected()];
    const connection = client.connection as unknown as pg.Connection;
    const parsed = new Promise((resolve) => connection.once('parseComplete', resolve));
    connection.parse({ name: '', text: 'select 1', types: [] }, true);
    connection.flush();
    await parsed;
    const { rows } = await asker.query('select state from pg_stat_activity where pid = $1', [
      client.processID,
    ]);
    expect(rows).toEqual([{ state: 'active' }]);
    await comesTo('idle', client, asker);
  });

  test('a session whose answer nobody takes is answering', async () => {
    const [client, asker] = [await connected(), await connected()];
    (client.connection!.stream as unknown as { pause(): void }).pause();
    start(client, "select repeat('x', 10000) from generate_series(1, 10000)");
    await comesTo('answering', client, asker);
  });

  test('a session that has ended is gone', async () => {
    const [client, asker] = [await connected(), await connected()];
    await asker.query('select pg_terminate_backend($1)', [client.processID]);
    await comesTo('gone', client, asker);
  });

  test('a session younger than the one in question is another one', async () => {
    const [client, asker] = [await connected(), await connected()];
    expect(await stateOf(client, asker, 60_000)).toBe('gone');
    const { rows } = await asker.query(
      'select (extract(epoch from clock_timestamp() - backend_start) * 1000)::float8 as age from pg_stat_activity where pid = $1',
      [client.processID],
    );
    expect(await stateOf(client, asker, rows[0].age)).toBe('idle');
  });

  test('a role sees its own sessions, and of others not enough to say', async () => {
    await database.ask("drop role if exists clerk; create role clerk login password 'clerks'");
    const clerk = { user: 'clerk', password: 'clerks' };
    const [other, client, asker] = [await connected(), await connected(clerk), await connected(clerk)];
    start(client, 'select pg_sleep(60)');
    await comesTo('running', client, asker);
    expect(await stateOf(other, asker)).toBe('unknown');
    other.connection!.stream.destroy();
    await comesTo('gone', other, asker);
  });

  test('a role that may not look cannot say', async () => {
    await database.ask("drop role if exists stranger; create role stranger login password 'strangers'");
    await database.ask('revoke select on pg_stat_activity from public');
    onTestFinished(async () => void (await database.ask('grant select on pg_stat_activity to public')));
    const stranger = { user: 'stranger', password: 'strangers' };
    const [client, asker] = [await connected(stranger), await connected(stranger)];
    expect(await stateOf(client, asker)).toBe('unknown');
  });

  test('where no activity is kept nobody can say', async () => {
    const [client, asker] = [await connected(), await connected()];
    await client.query('set track_activities to off');
    expect(await stateOf(client, asker)).toBe('unknown');
  });

  test('where a pooler between has numbered the sessions nobody can say', async () => {
    const [client, asker] = [await connected(), await connected()];
    expect(await stateOf(client, asker)).toBe('idle');
    Object.assign(asker, { processID: asker.processID! + 1 });
    expect(await stateOf(client, asker)).toBe('unknown');
  });

  test('another server is not asked', async () => {
    const [client, asker] = [await connected(), await connected()];
    const elsewhere = Object.assign(Object.create(client), {
      connection: { stream: { remoteAddress: '192.0.2.1' } },
    });
    expect(await stateOf(elsewhere, asker)).toBe('unknown');
  });

  test('a client that never connected has no state', async () => {
    const asker = await connected();
    expect(await stateOf(new pg.Client(database.config()) as Client, asker)).toBe('unknown');
  });

  test('an asker that throws cannot say', async () => {
    const [client, asker] = [await connected(), await connected()];
    Object.assign(asker, {
      query: () => {
        throw new Error('not now');
      },
    });
    const clock = new ManualClock();
    expect(await sessionState(client, { asker, ageMs: 0, limitMs, clock })).toBe('unknown');
    expect(clock.pending).toEqual([]);
  });

  test('an asker that is dead, or gets no answer within the limit, cannot say', async () => {
    const [client, asker, dead] = [await connected(), await connected(), await connected()];
    dead.connection!.stream.destroy();
    expect(await stateOf(client, dead)).toBe('unknown');
    const clock = new ManualClock();
    start(asker, 'select pg_sleep(60)');
    let state: SessionState | undefined;
    const asked = sessionState(client, { asker, ageMs: 0, limitMs: 1_000, clock }).then((told) => {
      state = told;
    });
    await clock.advance(999);
    expect(state).toBeUndefined();
    await clock.advance(1);
    await asked;
    expect(state).toBe('unknown');
  });
});
