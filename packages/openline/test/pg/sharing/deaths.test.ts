// A connection that ends under several callers: each is answered by another one, or told what became of its statement.
import { FaultProxy } from 'openline/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { givenPostgres, until } from '../../support/postgres.ts';
import { makeKnown, outcomes, poolOf } from './kit.ts';

const database = givenPostgres();
const numbered = 'select $1::int as n';
/** A plain read that its caller can make as long as it likes. */
const counting = 'select count(*)::int as n from generate_series(1, $1::int)';
const long = 300_000_000;

async function proxied() {
  const { host, port } = database.server;
  const proxy = await FaultProxy.start({ target: { host, port } });
  onTestFinished(() => proxy.close());
  return proxy;
}

describe('a session that the server ends in the midst of a batch', () => {
  test('costs its first caller the statement; those behind are answered by another session', async () => {
    const pool = poolOf(database, { max: 1, application_name: 'ended' });
    await makeKnown(pool, [numbered, [0]], [counting, [1]]);
    // In one turn, and known as short: they share a line.
    const asked = [pool.query(counting, [long]), ...[1, 2, 3].map((n) => pool.query(numbered, [n]))];
    const told = outcomes(asked);
    await until(async () => (await database.ask(running, ['ended'])).length === 1, 'the long one runs');
    await database.terminate('ended');
    const [first, ...others] = await told;
    expect(first).toMatchObject({ code: '57P01', severity: 'FATAL' });
    expect(others.map((result) => (result as { rows: { n: number }[] }).rows[0]?.n)).toEqual([1, 2, 3]);
  });
});

const running = "select pid from pg_stat_activity where application_name = $1 and state = 'active'";

describe('a connection that is cut without a word', () => {
  test('costs reads nothing: they are sent again', async () => {
    const proxy = await proxied();
    const pool = poolOf(database, { host: proxy.host, port: proxy.port, max: 2 });
    await makeKnown(pool, [numbered, [0]]);
    proxy.silent('existing');
    const asked = [1, 2, 3].map((n) => pool.query(numbered, [n]));
    await new Promise(setImmediate);
    proxy.cut();
    const answers = await Promise.all(asked);
    expect(answers.map(({ rows }) => rows[0].n)).toEqual([1, 2, 3]);
  });

  test('costs a write its statement, and says that nobody knows whether it ran', async () => {
    const proxy = await proxied();
    const pool = poolOf(database, { host: proxy.host, port: proxy.port, max: 1 });
    await pool.query('create table written (n int)');
    proxy.silent('existing');
    const writing = outcomes([pool.query('insert into written values (1)')]);
    await new Promise(setImmediate);
    proxy.cut();
    const [error] = await writing;
    expect(error).toBeInstanceOf(Error);
    expect((error as { outcome?: unknown }).outcome).toBe('unknown');
  });
});
